"""Rung `inputs`: what each arm reads in training and evaluation, and what all arms share.

The batches are copied back from the arm's device after its framework has gathered them, so that a wrong layout, scale,
order or noise shows here, before anything has been computed. The plan and the loaders, which all arms share, are judged
too: the plan is drawn again and the data read again by code that the arms do not use (`redraw`, `plan_laws`).
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import numpy as np

from harness.judging.checks import judge_checks
from harness.judging.context import Answer, Answers, Context
from harness.judging.tolerances import FLOOR_ULP, Tolerance
from harness.oracles.oracle import Place, checks
from harness.oracles.reference import Reference
from harness.plan import digest_arrays
from harness.records.array_types import Array, FloatArray
from harness.records.tensor_key import TensorKey, keyed
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.rungs import redraw
from harness.rungs.inputs_tasks import TASKS
from harness.rungs.plan_laws import NAME as NAME
from harness.rungs.plan_laws import judge_shared
from harness.rungs.rung import Question, Rung, Trainings
from harness.system.array_files import Arrays

MOST_TEST_SAMPLES = 2000
EXACT = "equal to the last bit, after one rounding to the arm's precision"


def asked_batches(context: Context) -> list[tuple[int, int]]:
    """The epoch and number of the first batch, a middle one, the last, a short one, and the second epoch's first."""
    orders, size = context.plan.orders, context.plan.batch_size
    middle = len(orders) // 2
    numbers = {(0, 0), (middle, len(orders[middle]) // (2 * size)), (len(orders) - 1, -(-len(orders[-1]) // size) - 1)}
    numbers |= {(epoch, len(order) // size) for epoch, order in enumerate(orders[:1]) if len(order) % size}
    return sorted(numbers | {(1, 0)} if len(orders) > 1 else numbers)


def asked_test_samples(context: Context) -> list[int]:
    """The numbers of the test samples: all, or as many of a large set, evenly spread."""
    count = len(context.data.x_test)
    return [int(number) for number in np.unique(np.linspace(0, count - 1, min(count, MOST_TEST_SAMPLES)).astype(int))]


def ask(context: Context) -> dict[str, Any]:
    """Which batches, and which test samples."""
    return {"batches": [list(batch) for batch in asked_batches(context)], "test": asked_test_samples(context)}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    """The verdicts on what the arms share, then on the batches and the test set of each arm."""
    # Arms of one precision are compared with values of that precision, so that equal bits are no error.
    expected = {
        precision: _expected(context, precision) for precision in {a.arm.variable_dtype for a in answers.values()}
    }
    reference = expected["float64"] if len(expected) > 1 else next(iter(expected.values()))
    tolerances = {name: _tolerances(expected[answer.arm.variable_dtype], reference) for name, answer in answers.items()}
    places: dict[str, Place] = {key: _place(context, key) for key in map(TensorKey.parse, reference)}
    verdicts = judge_checks(checks(NAME, Reference(reference, tolerances), answers, places))
    return [*judge_shared(context), *verdicts, *_sizes(context, answers)]


def judge_trainings(trainings: Trainings) -> list[Verdict] | None:
    """The verdicts on the orders that the finished trainings had; None if none has recorded them."""
    verdicts = [judge_orders(trainings.context, t) for t in trainings.traces if t.finished and t.order_digests]
    return verdicts or None


def judge_orders(context: Context, trace: Trace) -> Verdict:
    """Whether the arm trained in the order that the seed gives, by a digest of each epoch's sample numbers."""
    training, seed, samples = context.stated.training, context.stated.seed, len(context.data.x_train)
    epochs = len(context.plan.orders)
    orders = [redraw.order(training, seed, samples, epoch).astype(np.int32) for epoch in range(epochs)]
    expected = [digest_arrays({"order": order}) for order in orders]
    pairs = zip_longest(trace.order_digests, expected)
    wrong = [epoch for epoch, (recorded, right) in enumerate(pairs) if recorded != right]
    return Verdict(
        rung=NAME,
        subject=f"orders of {epochs} epochs, as trained",
        arm_a=trace.arm.name,
        arm_b="reference",
        status="diverges" if wrong else "agrees",
        culprit=trace.arm.name if wrong else "",
        tolerance=0.0,
        tolerance_source="digests of the orders, drawn again from the seed",
        cause=f"{trace.arm.name} trained in another order, first in epoch {wrong[0]}" if wrong else "",
    )


def _expected(context: Context, precision: str) -> Arrays:
    """What every arm of this precision has to have, by the name in its answer; in float64.

    It follows from the plan as it is: where the plan is wrong, that is the plan's verdict, and no arm's.
    """
    spec, data, plan = context.stated.data, context.data, context.plan
    size, arrays = plan.batch_size, dict[str, Any]()

    def as_seen(samples: Array) -> FloatArray:
        return redraw.inputs(spec, data.x_train, samples, np.dtype(precision)).astype(np.float64)

    for number, (epoch, row) in enumerate(asked_batches(context)):
        part = slice(row * size, (row + 1) * size)
        samples = plan.orders[epoch][part]
        moved = plan.seen(data.x_train, epoch, samples)
        batch: dict[str, Any] = {"x": as_seen(moved), "y": data.y_train[samples].astype(np.float64)}
        noise = plan.noise_of(epoch, context.stated.model.noise(), part)
        batch |= keyed("noise", {name: drawn.astype(np.float64) for name, drawn in noise.items()})
        arrays |= keyed("batch", batch, number)
    numbers = asked_test_samples(context)
    test = {"x": as_seen(data.x_test[numbers]), "y": data.y_test[numbers].astype(np.float64)}
    return arrays | keyed("test", test)


def _tolerances(rounded: Arrays, reference: Arrays) -> dict[str, Tolerance]:
    """The error of one rounding, and in float64 that of the pixels' mean, which is taken from numbers of its size."""
    eps = float(np.finfo(np.float64).eps)
    return {
        name: Tolerance(np.abs(rounded[name] - value) + FLOOR_ULP * eps * np.abs(value).max(initial=0.0), EXACT)
        for name, value in reference.items()
    }


def _place(context: Context, key: TensorKey) -> Place:
    if key.kind == "test":
        numbers = asked_test_samples(context)
        return Place(
            "test set", "input", None, "", f"test {key.of}", lambda i: f"test sample {numbers[i[0]]}{list(i[1:])}"
        )
    assert key.step is not None
    epoch, row = asked_batches(context)[key.step]
    step = epoch * context.stated.training.steps_per_epoch(len(context.data.x_train)) + row
    what = f"epoch {epoch}, batch {row}, {key.of}"
    return Place("batches on the device", "input", step, "", key.of, lambda index: f"{what}{list(index)}")


def _sizes(context: Context, answers: Answers) -> list[Verdict]:
    """A divergence for each arm whose test set has another size."""
    count = len(context.data.x_test)
    return [_wrong_size(answer, count) for answer in answers.values() if answer.result["test_samples"] != count]


def _wrong_size(answer: Answer, count: int) -> Verdict:
    name = answer.arm.name
    cause = f"{name} has {answer.result['test_samples']:,} test samples, there are {count:,}"
    return Verdict(rung=NAME, subject="test set", arm_a=name, status="diverges", culprit=name, cause=cause)


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME]), judge_trainings)
