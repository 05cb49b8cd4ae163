"""What two arms recorded, value by value: equal bit for bit, or where they first part and how far they get apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from harness.judging.quantity import Quantity
from harness.records.array_types import FloatArray
from harness.results.recorded import RecordedArm
from harness.subjects.recorded.pairing import ArmPair
from harness.system.array_files import Arrays

FINAL_WEIGHTS, LABELS, MARGINS = "final weights", "predicted labels", "margins of the predictions"
TEST_LOSS, TEST_ACCURACY = "test_loss after an epoch", "test_accuracy after an epoch"


def quantities(pair: ArmPair) -> list[Quantity]:
    """What either recorded: by step, in the order in which a step makes it; then by epoch; then at the end.

    What one of them has not is nothing of its side.
    """
    a, b = (_by_step(arm) for arm in pair.sides)
    nothing = np.empty(0)
    both = [(what, a.get(what, nothing), b.get(what, nothing)) for what in dict.fromkeys([*a, *b])]
    found = [Quantity(what, x, y, np.arange(min(len(x), len(y)))) for what, x, y in both]
    found += _by_epoch(pair)
    found += _by_name(FINAL_WEIGHTS, pair.a.weights, pair.b.weights)
    for name, what in (("label", LABELS), ("margin", MARGINS)):
        ends = [{what: arm.predictions[name]} if name in arm.predictions else {} for arm in pair.sides]
        found += _by_name(what, *ends)
    return [each for each in found if len(each.a) or len(each.b)]


def _by_step(arm: RecordedArm) -> dict[str, FloatArray]:
    curves = {"learning_rate": np.asarray(arm.trace.learning_rates), "loss": np.asarray(arm.trace.losses)}
    return curves | dict(arm.columns)


def _by_epoch(pair: ArmPair) -> Iterator[Quantity]:
    longer = max((arm.trace for arm in pair.sides), key=lambda trace: len(trace.epochs))
    lasts = np.cumsum([len(epoch.losses) for epoch in longer.epochs]) - 1
    for what in (TEST_LOSS, TEST_ACCURACY):
        a, b = (_of_epochs(arm, what.partition(" ")[0]) for arm in pair.sides)
        yield Quantity(what, a, b, lasts[: min(len(a), len(b))])


def _of_epochs(arm: RecordedArm, what: str) -> FloatArray:
    scored = [getattr(epoch, what) for epoch in arm.trace.epochs if epoch.samples_scored]
    return np.asarray([value for value in scored if value is not None], np.float64)


def _by_name(what: str, a: Arrays, b: Arrays) -> list[Quantity]:
    """The arrays of one name and shape, one after the other, as one quantity; then those of one side alone."""
    shared = [name for name in a if name in b and a[name].shape == b[name].shape]
    alone = [{name: value for name, value in each.items() if name not in shared} for each in (a, b)]
    found = [Quantity(what, _joined(a, shared), _joined(b, shared))]
    found += [
        Quantity(what, _joined(alone[0], alone[0]), np.empty(0)),
        Quantity(what, np.empty(0), _joined(alone[1], alone[1])),
    ]
    return [each for each in found if len(each.a) or len(each.b)]


def _joined(arrays: Arrays, names: Iterable[str]) -> Any:
    return np.concatenate([np.empty(0), *(np.ravel(arrays[name]) for name in names)])
