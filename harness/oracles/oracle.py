"""What an oracle says of one tensor, and the check that comes of that and of what the arms answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from harness.judging.checks import Check, as_judged
from harness.judging.judge import Claim, IndexName
from harness.judging.tolerances import Excuse, Tolerance
from harness.records.array_types import FloatArray
from harness.records.verdict import Verdict
from harness.spec.arm import Arm


class Claimant(Protocol):
    """One arm and the tensors that it answered, or that were recorded of it."""

    @property
    def arm(self) -> Arm: ...

    def tensor(self, name: str) -> FloatArray:
        """The values under this name; an empty array, which has no right shape, where there are none."""


@dataclass(frozen=True)
class ArmValues:
    """A claimant of which the values are at hand, by name."""

    arm: Arm
    values: Mapping[str, FloatArray]

    def tensor(self, name: str) -> FloatArray:
        return self.values.get(name, np.empty(0))


@dataclass(frozen=True)
class Expected:
    """What an oracle says of one tensor.

    `value`: what it should be, in float64. `tolerances`: by the arm's name, how far that arm may be off, and why.
    `excuses`: by the arm's name, how much further the ledger knows it to be off. `attribute`: gives a verdict the
    culprit that this oracle can name, or takes it back. `certifies`: whether an injected error says anything of the
    check; of a tensor that is nothing but rounding it does not. `unjudged`: why nothing can be said at all.
    """

    value: FloatArray
    tolerances: Mapping[str, Tolerance]
    excuses: Mapping[str, Callable[[], Excuse | None]] = field(default_factory=dict)
    attribute: Callable[[Verdict], Verdict] = as_judged
    certifies: bool = True
    unjudged: str = ""


class Oracle(Protocol):
    """Says what each tensor of one computation should be."""

    def expected(self, tensor: str) -> Expected: ...


@dataclass(frozen=True)
class Place:
    """Where a tensor stands, for its verdict. `tensor`: what the verdict calls it, where that is another name."""

    subject: str
    phase: str = ""
    step: int | None = None
    layer: str = ""
    tensor: str | None = None
    name_index: IndexName = lambda index: str(list(index))


def check(rung: str, oracle: Oracle, claimants: Mapping[str, Claimant], tensor: str, place: Place) -> Check:
    """What all claimants say of one tensor, to be judged by what the oracle says of it."""
    expected = oracle.expected(tensor)
    claims = {
        name: Claim(name, each.tensor(tensor), expected.tolerances[name], _precision(each), expected.excuses.get(name))
        for name, each in claimants.items()
    }
    return Check(
        rung,
        place.subject,
        expected.value,
        claims,
        place.name_index,
        tensor=tensor if place.tensor is None else place.tensor,
        step=place.step,
        phase=place.phase,
        layer=place.layer,
        attribute=expected.attribute,
        certifies=expected.certifies,
        unjudged=expected.unjudged,
    )


def checks(rung: str, oracle: Oracle, claimants: Mapping[str, Claimant], places: Mapping[str, Place]) -> list[Check]:
    """A check for each tensor, in the order of `places`."""
    return [check(rung, oracle, claimants, tensor, place) for tensor, place in places.items()]


def _precision(claimant: Claimant) -> Any:
    return np.dtype(claimant.arm.precision).type
