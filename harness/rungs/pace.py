"""How fast this host is: one gradient of the experiment's own model, by each arm and by the reference."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from typing_extensions import TypedDict

from harness.judging.context import REFERENCE, Context
from harness.system.progress import doing
from harness.worker.session import Session
from harness.worker.task import Result, tasks

MULTIPLY_ADDS = 1e9  # of the output of all samples of a calibration, at most
ENOUGH_S = 0.2  # a gradient that takes less is computed again
MOST_CALLS = 5


class Paced(TypedDict):
    """The form of the result of `pace`, in seconds."""

    first_s: float
    gradient_s: float


def samples(context: Context) -> int:
    """The number of samples by which the calibration is made: as many of a batch as take a moment anywhere."""
    most = int(MULTIPLY_ADDS / max(1, context.stated.model.multiply_adds))
    return max(1, min(most, len(context.batches(1)[0].samples)))


def pace(session: Session, scratch: str, samples: int) -> Result:
    """The time of one gradient on the first samples of the first batch, and that of the first call, which compiles."""
    session.at(scratch)
    # A trainer that no rung uses, so that nothing of what they judge is changed.
    trainer = session.adapter.trainer(session.experiment.recipe, session.plan.weights, session.plan.steps)
    batch = session.batches(1)[0].first(samples)
    x, y = session.batch(batch)
    first_s, gradient_s = timed(partial(trainer.loss_and_gradients, x, y, batch.noise))
    return {"first_s": first_s, "gradient_s": gradient_s}


def of_reference(context: Context, samples: int) -> dict[str, float]:
    """The seconds of one gradient of the reference in float64 and in float32, by precision."""
    batch = context.batches(1)[0].first(samples)
    seconds: dict[str, float] = {}
    for adapter in (context.oracle, context.in_float32(context.stated.arms[0])):
        trainer = context.trainer(adapter, horizon=1)
        x, y = context.samples(batch, adapter.arm.variable_dtype)
        gradient = partial(trainer.loss_and_gradients, x, y, batch.noise)
        with doing(REFERENCE, "calibration", context.on_work):
            _, seconds[adapter.arm.variable_dtype] = timed(gradient)
    return seconds


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """The seconds of the first call, and of the quickest of those after it."""
    first_s, *later_s = [_seconds(call), _seconds(call)]
    while sum(later_s) < ENOUGH_S and len(later_s) < MOST_CALLS:
        later_s.append(_seconds(call))
    return first_s, min(later_s)


def _seconds(call: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    call()
    return time.perf_counter() - start_s


TASKS = tasks(__name__, {"pace": (pace, Paced)})
