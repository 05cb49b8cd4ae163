"""What two arms recorded, value by value: whether it is bit-equal, where it first differs, and by how much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from harness.judging.quantity import Quantity
from harness.records.array_types import FloatArray
from harness.records.tensor_key import TensorKey
from harness.results.recorded import RecordedArm
from harness.subjects.recorded.pairing import ArmPair
from harness.system.array_files import Arrays

FINAL_WEIGHTS, LABELS, MARGINS = "final weights", "predicted labels", "margins of the predictions"
TEST_LOSS, TEST_ACCURACY = "test_loss after an epoch", "test_accuracy after an epoch"
ANSWERS_TO = "answers to rung "


def quantities(pair: ArmPair) -> list[Quantity]:
    """The quantities that either arm recorded: by step, in the order in which a step computes them; by epoch; final.

    A quantity that one arm did not record has an empty array on that side.
    """
    a, b = (_by_step(arm) for arm in pair.sides)
    empty = np.empty(0)
    pairs = [(what, a.get(what, empty), b.get(what, empty)) for what in dict.fromkeys([*a, *b])]
    recorded = [Quantity(what, x, y, np.arange(min(len(x), len(y))), _column(what)) for what, x, y in pairs]
    recorded += _by_epoch(pair)
    recorded += _by_name(FINAL_WEIGHTS, pair.a.weights, pair.b.weights)
    for name, what in (("label", LABELS), ("margin", MARGINS)):
        ends = [{what: arm.predictions[name]} if name in arm.predictions else {} for arm in pair.sides]
        recorded += _by_name(what, *ends)
    for rung in dict.fromkeys([*pair.a.answers, *pair.b.answers]):
        recorded += _by_name(f"{ANSWERS_TO}{rung}", *(_answer(arm, rung) for arm in pair.sides))
    return [quantity for quantity in recorded if len(quantity.a) or len(quantity.b)]


def _answer(arm: RecordedArm, rung: str) -> Arrays:
    return arm.answers[rung].arrays if rung in arm.answers else {}


def _column(name: str) -> TensorKey:
    """What a column of steps.parquet holds, of which parameter or layer. A digest is called `digest/<kind>/<of>`."""
    key = TensorKey.parse(name)
    return TensorKey.parse(key.of) if key.kind == "digest" else key


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
    """The arrays that agree in name and shape, concatenated to one quantity; then those of one side only."""
    shared = [name for name in a if name in b and a[name].shape == b[name].shape]
    unshared = [{name: value for name, value in part.items() if name not in shared} for part in (a, b)]
    joined = [Quantity(what, _joined(a, shared), _joined(b, shared))]
    joined += [
        Quantity(what, _joined(unshared[0], unshared[0]), np.empty(0)),
        Quantity(what, np.empty(0), _joined(unshared[1], unshared[1])),
    ]
    return [part for part in joined if len(part.a) or len(part.b)]


def _joined(arrays: Arrays, names: Iterable[str]) -> Any:
    return np.concatenate([np.empty(0), *(np.ravel(arrays[name]) for name in names)])
