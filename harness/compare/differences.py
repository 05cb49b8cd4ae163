"""What two arms recorded, value by value: equal bit for bit, or where they first part and how far they get apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.protocol import FloatArray
from harness.compare.pairing import Pair
from harness.parity.ulp import error_against
from harness.results.reading import RecordedArm

LABELS, MARGINS = "predicted labels", "margins of the predictions"
TEST_LOSS, TEST_ACCURACY = "test_loss after an epoch", "test_accuracy after an epoch"


@dataclass(frozen=True)
class Quantity:
    """Something both arms recorded. `values` of a place may be several: only as far as both go are they compared.

    `steps` is the step each value belongs to; None where it is of the end.
    """

    what: str
    a: FloatArray
    b: FloatArray
    steps: Any = None

    @property
    def kind(self) -> str:
        """What it is of any parameter or layer."""
        return self.what.removeprefix("digest/").partition("/")[0]

    @property
    def of(self) -> str:
        """The parameter or layer; empty where it is of none."""
        return self.what.removeprefix("digest/").partition("/")[2]

    @property
    def common(self) -> int:
        return min(len(self.a), len(self.b))

    @property
    def equal(self) -> bool:
        """Bit for bit, and as long."""
        return same_bits(self.a, self.b)

    @property
    def first(self) -> int | None:
        """Where they first differ, as far as both go; None where they do not."""
        apart = np.flatnonzero(_bits(self.a[: self.common]) != _bits(self.b[: self.common]))
        return int(apart[0]) if len(apart) else None

    @property
    def count(self) -> int:
        """How many differ, as far as both go."""
        return int(np.count_nonzero(_bits(self.a[: self.common]) != _bits(self.b[: self.common])))

    @property
    def largest(self) -> float:
        """The largest difference over the largest value; infinite where only one is finite."""
        a, b = self.a[: self.common], self.b[: self.common]
        error = float(np.max(error_against(a, b), initial=0.0))
        size = float(np.max(np.abs(np.concatenate([a, b])), initial=0.0, where=np.isfinite(np.concatenate([a, b]))))
        return error / size if size > 0 else error


def same_bits(a: Any, b: Any) -> bool:
    """Whether two arrays are equal in shape and in every bit of every float64; float32 is exact in it."""
    return np.shape(a) == np.shape(b) and bool(np.array_equal(_bits(a), _bits(b)))


def _bits(values: Any) -> Any:
    return np.ascontiguousarray(values, np.float64).view(np.int64)


def quantities(pair: Pair) -> list[Quantity]:
    """What both recorded: by step, in the order in which a step makes it; then by epoch; then at the end."""
    a, b = pair.sides
    found = [
        Quantity("learning_rate", *(np.asarray(arm.trace.learning_rates) for arm in pair.sides)),
        Quantity("loss", *(np.asarray(arm.trace.losses) for arm in pair.sides)),
        *(Quantity(name, a.columns[name], b.columns[name]) for name in a.columns if name in b.columns),
    ]
    found = [
        Quantity(each.what, each.a, each.b, np.arange(each.common)) for each in found if len(each.a) and len(each.b)
    ]
    found += [each for each in _by_epoch(pair) if each.common]
    found += _by_name("final weights", a.weights, b.weights)
    for name, what in (("label", LABELS), ("margin", MARGINS)):
        both = [{what: arm.predictions[name]} if name in arm.predictions else {} for arm in pair.sides]
        found += _by_name(what, *both)
    return found


def _by_epoch(pair: Pair) -> Iterator[Quantity]:
    a, b = pair.sides
    lasts = np.cumsum([len(epoch.losses) for epoch in a.trace.epochs]) - 1
    for what in (TEST_LOSS, TEST_ACCURACY):
        each = [_of_epochs(arm, what.partition(" ")[0]) for arm in (a, b)]
        yield Quantity(what, each[0], each[1], lasts[: min(map(len, each))])


def _of_epochs(arm: RecordedArm, what: str) -> FloatArray:
    scored = [getattr(epoch, what) for epoch in arm.trace.epochs if epoch.samples_scored]
    return np.asarray([value for value in scored if value is not None], np.float64)


def _by_name(what: str, a: Any, b: Any) -> list[Quantity]:
    """The arrays of one name and shape, one after the other, as one quantity."""
    shared = [name for name in a if name in b and a[name].shape == b[name].shape]
    if not shared:
        return []
    return [Quantity(what, *(np.concatenate([np.ravel(each[name]) for name in shared]) for each in (a, b)))]


def first_apart(found: list[Quantity], names: tuple[str, str]) -> str:
    """One sentence: the first value that is not the same bit for bit, in the order of the steps."""
    where = [
        (int(each.steps[each.first]), order, each)
        for order, each in enumerate(found)
        if each.steps is not None and each.first is not None
    ]
    if not where:
        shown = ", ".join(dict.fromkeys(each.kind for each in found))
        return f"all that both recorded is equal bit for bit: {shown}" if shown else "they share no number"
    step, _, first = min(where, key=lambda each: each[:2])
    at = first.first
    assert at is not None
    a, b = float(first.a[at]), float(first.b[at])
    apart = abs(a - b) / max(abs(a), abs(b)) if max(abs(a), abs(b)) > 0 else 0.0
    until = f"equal bit for bit up to step {step - 1}; first apart" if step else "apart"
    what = first.kind + (f" of {first.of}" if first.of else "")
    return f"{until} at step {step}: {what} is {a:.9g} in {names[0]}, {b:.9g} in {names[1]} ({apart:.2g} relative)"
