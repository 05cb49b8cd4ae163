"""What an oracle expects of one tensor, and the check of the arms' values against that."""

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

# The fields of a verdict by an oracle that cannot tell which of two arms is wrong.
NO_CULPRIT = {"judgement": "undetermined", "culprit": "", "nearer": "", "value_reference": None}


class Claimant(Protocol):
    """One arm and its tensors, answered live or read from records."""

    @property
    def arm(self) -> Arm: ...

    def tensor(self, name: str) -> FloatArray:
        """The values under this name; an empty array, whose shape is never right, if there are none."""


@dataclass(frozen=True)
class ArmValues:
    """A claimant of which the values are at hand, by name."""

    arm: Arm
    values: Mapping[str, FloatArray]

    def tensor(self, name: str) -> FloatArray:
        return self.values.get(name, np.empty(0))


@dataclass(frozen=True)
class Expected:
    """What an oracle expects of one tensor.

    `value`: the right values, in float64, of the tensor's shape. `tolerances`: by arm, an absolute bound for
    |claim - value|, of a shape that broadcasts to the tensor's, with its source. `excuses`: by arm, a function that
    gives the ledger's wider bound, or None. `attribute`: sets or removes the culprit of a verdict, as far as this
    oracle can name one. `certifies`: whether errors injected into this tensor measure what the check can detect; they
    do not for a tensor that is all rounding error. `unjudged`: the reason why the tensor cannot be judged; empty if it
    can.
    """

    value: FloatArray
    tolerances: Mapping[str, Tolerance]
    excuses: Mapping[str, Callable[[], Excuse | None]] = field(default_factory=dict)
    attribute: Callable[[Verdict], Verdict] = as_judged
    certifies: bool = True
    unjudged: str = ""


class Oracle(Protocol):
    """Gives the right values of each tensor of one computation."""

    def expected(self, tensor: str) -> Expected:
        """What is expected of the tensor with this name."""
        ...


@dataclass(frozen=True)
class Place:
    """The place of a tensor in the training, for its verdict.

    `tensor`: the name in the verdict; None for the tensor's own name. `name_index`: puts an index into words.
    """

    subject: str
    phase: str = ""
    step: int | None = None
    layer: str = ""
    tensor: str | None = None
    name_index: IndexName = lambda index: str(list(index))


def check(rung: str, oracle: Oracle, claimants: Mapping[str, Claimant], tensor: str, place: Place) -> Check:
    """The check of one tensor: the claims of all claimants and what the oracle expects."""
    expected = oracle.expected(tensor)
    claims = {
        name: Claim(
            name, claimant.tensor(tensor), expected.tolerances[name], _precision(claimant), expected.excuses.get(name)
        )
        for name, claimant in claimants.items()
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
    return np.dtype(claimant.arm.variable_dtype).type
