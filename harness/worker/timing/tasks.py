"""The tasks by which the parent times one process: make the training, time blocks of it, and conclude."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from typing_extensions import TypedDict

from harness.plan import digest_arrays
from harness.worker.memory import resident_bytes
from harness.worker.session import Session
from harness.worker.task import Answered, Result, tasks
from harness.worker.timing.blocks import PEAK, TimedBlocks
from harness.worker.timing.stopwatch import clock_s
from harness.worker.timing.training import TimedTraining
from harness.worker.timing.window import Window

Plain = dict[str, Any]
TRAINING = "timed training"


class Prepared(TypedDict):
    """The form of the result of `prepare`."""

    epoch_steps: int
    batch_size: int


class Concluded(TypedDict):
    """The form of the result of `conclude`: fields of `records.timing.ProcessRecord`; `phases` are seconds by name."""

    wall_s: float
    phases: dict[str, float]
    memory: Plain
    environment: Plain
    affinity: list[int]
    clock_s: float
    losses_digest: str
    epoch_time_s: float | None
    time_to_accuracy_s: float | None
    test_loss: float | None
    test_accuracy: float | None


def prepare(session: Session, scratch: str, loop: str, block_steps: int, horizon: int) -> Result:
    """Builds the model, places the data on the device and compiles.

    `block_steps`: the steps of a block; 0 takes the whole batches of an epoch. `loop`, `horizon`: see `TimedTraining`.
    """
    session.forget()
    epoch_steps = len(session.at(scratch).portions(0)[0][0])
    training = TimedTraining(session, loop, block_steps or epoch_steps, horizon)
    return prepared(session, training, epoch_steps)


def prepared(session: Session, training: TimedBlocks, epoch_steps: int) -> Result:
    """The result of `prepare`: the other tasks time this training from now on."""
    session.made[TRAINING] = training
    training.watch.rest()
    return {"epoch_steps": epoch_steps, "batch_size": training.batch_size}


def time(session: Session, scratch: str, blocks: int, steps: int = 0) -> Result:
    """Times so many blocks; `steps` are those of each, 0 the whole block. `host`: what happened on it meanwhile."""
    with _resumed(session) as training:
        times = training.time(blocks, steps or training.block_steps)
    return session.reply(times, host=as_fields(training.window))


def conclude(session: Session, scratch: str, with_epoch: bool = True, target_accuracy: float | None = None) -> Result:
    """Times an epoch, the evaluation and the way to an accuracy, and returns what else is known of the process."""
    with _resumed(session) as training:
        epoch_time_s = training.epoch() if with_epoch else None
        score = training.evaluate()
        first_losses = training.losses_of_plan()
        to_accuracy_s = None if target_accuracy is None else training.to_accuracy(target_accuracy)
    environment = session.adapter.environment()
    memory = {
        "after_import": training.after_import_bytes,
        "after_build": training.after_build_bytes,
        "peak": resident_bytes(PEAK),
        "device_peak": environment.device_peak_bytes,
    }
    return {
        "memory": memory,
        "environment": asdict(environment),
        "affinity": sorted(os.sched_getaffinity(0)),
        "clock_s": clock_s(),
        "losses_digest": digest_arrays({"losses": first_losses}) if len(first_losses) else "",
        "epoch_time_s": epoch_time_s,
        "time_to_accuracy_s": to_accuracy_s,
        "test_loss": None if score is None else score.loss,
        "test_accuracy": None if score is None else score.accuracy,
        "phases": training.watch.seconds,
        "wall_s": training.watch.wall_s(),
    }


def losses(session: Session, scratch: str, steps: int) -> Result:
    """The losses of the next `steps` batches of the plan, and no time."""
    with _resumed(session) as training:
        values = training.next_losses(steps)
    return session.reply({"losses": values})


@contextmanager
def _resumed(session: Session) -> Iterator[TimedBlocks]:
    """The training, whose clock counts the time since the last task as waiting."""
    training: TimedBlocks = session.made[TRAINING]
    training.watch.resume()
    yield training
    training.watch.rest()


def as_fields(seen: Window | None) -> Plain:
    """The fields of `records.timing.ProcessRecord` that a window knows."""
    assert seen is not None
    return {
        "timed_s": seen.span_s,
        "cpu_s": seen.cpu_s,
        "energy_j": seen.energy_j,
        "before": seen.before.model_dump(mode="json"),
        "after": seen.after.model_dump(mode="json"),
        "interference": seen.interference.model_dump(mode="json"),
    }


class Timed(Answered):
    """The form of the result of `time`."""

    host: Plain


TASKS = tasks(
    __name__,
    {
        "prepare": (prepare, Prepared),
        "losses": (losses, Answered),
        "time": (time, Timed),
        "conclude": (conclude, Concluded),
    },
)
