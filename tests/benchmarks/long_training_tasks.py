"""A worker's task: the calls of `train_epoch` that a training consists of, and nothing beside them."""

from __future__ import annotations

import time

from typing_extensions import TypedDict

from harness.worker.session import Session, whole_and_short
from harness.worker.task import Result, tasks


class Timed(TypedDict):
    """`epochs_s`: the time of all epochs' calls."""

    epochs_s: float


def alone(session: Session, scratch: str) -> Result:
    """The training by the plan, without its records. The trainer is that of the worker's last training."""
    plan, trainer = session.at(scratch).plan, session.trainer
    trainer.restart(plan.weights)
    trainer.bind(*session.epoch(0))
    for shape in {part.shape for order in plan.orders for part in whole_and_short(order, plan.batch_size)}:
        trainer.compile(*shape)
    portions = [session.portions(epoch) for epoch in range(len(plan.orders))]
    start_s = time.perf_counter()
    for epoch in portions:
        for portion in epoch:
            trainer.train_epoch(*portion)
    return {"epochs_s": time.perf_counter() - start_s}


TASKS = tasks(__name__, {"alone": (alone, Timed)})
