"""Free-running updates from the plan's start: a few runs with digests of every step, or one step looked at in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from adapters.protocol import Parameters, Trainer
from harness.judging.cases import given_of
from harness.records.array_types import Array
from harness.records.step_columns import DIGESTS, columns
from harness.records.tensor_key import keyed, of_kind, prefixed
from harness.system.array_files import load_arrays
from harness.worker.session import Session
from harness.worker.task import Result


def free_run(session: Session, scratch: str, steps: int, runs: dict[str, str | None]) -> Result:
    """`runs`: by its name, the file of the weights that each starts from; None for the plan's.

    Answers `<run>/losses` (steps,) and `<run>/digests` (steps, columns), and the names of the columns.
    """
    trainer = session.at(scratch).traced
    arrays: dict[str, Any] = {}
    for name, file in runs.items():
        weights = session.plan.weights if file is None else load_arrays(Path(file))
        losses, digests = advance(session, trainer, weights, steps)
        arrays |= prefixed(name, {"losses": losses, "digests": digests})
    return session.reply(arrays, columns=list(columns(session.experiment.model, DIGESTS)))


def probe(session: Session, scratch: str, step: int) -> Result:
    """The 0-based `step` of the free run, in full: what it was given, and what came of it phase by phase."""
    session.at(scratch)
    trainer, plan = session.traced, session.plan
    advance(session, trainer, plan.weights, step)
    before = trainer.weights()
    batch = session.batches(step + 1)[step]
    x, y = session.batch(batch)
    arrays: dict[str, Any] = {"input": np.asarray(x), "targets": np.asarray(y)}
    arrays |= keyed("layer", trainer.layers(x, batch.noise))
    trainer.set_weights(before)
    loss, gradients = trainer.loss_and_gradients(x, y, batch.noise)
    arrays |= {"loss": np.array([loss]), **keyed("gradient", gradients)}
    trainer.set_weights(before)
    trainer.bind(x, y)
    trainer.train_epoch(np.arange(len(batch.samples))[None], {name: drawn[None] for name, drawn in batch.noise.items()})
    arrays |= keyed("slot", trainer.slots())
    return session.reply(arrays | keyed("weight", trainer.weights()))


def slots(session: Session, scratch: str, update: Any, given: str) -> Result:
    """What an optimizer keeps after the given gradients, by `<slot>/<parameter>`."""
    own = session.at(scratch).replacement.of(given_of("update", update))
    arrays = load_arrays(Path(given))
    start = of_kind(arrays, "weight")
    fed = of_kind(arrays, "gradient")
    count = len(next(iter(fed.values())))
    gradients = [{name: each[k] for name, each in fed.items()} for k in range(count)]
    return session.reply(session.adapter.slots_after(own, start, gradients))


def advance(session: Session, trainer: Trainer, weights: Parameters, steps: int) -> tuple[Array, Array]:
    """The first `steps` updates from these weights; losses and digests of each."""
    plan = session.plan
    trainer.restart(weights)
    done, losses, digests = 0, list[Array](), list[Array]()
    for epoch in range(len(plan.orders)):
        if done == steps:
            break
        if epoch == 0 or plan.augmentation:  # else the samples are those of the first
            trainer.bind(*session.epoch(epoch))
        for portion in session.portions(epoch, (steps - done) * plan.batch_size):
            result = trainer.train_epoch(*portion)
            losses.append(result.losses)
            digests.append(result.watched if result.watched is not None else np.empty((len(result.losses), 0)))
            done += len(result.losses)
    return np.concatenate(losses or [np.empty(0)]), np.concatenate(digests or [np.empty((0, 0))])
