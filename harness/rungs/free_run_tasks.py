"""A worker's free runs: several runs with digests of every step, or all tensors of a single step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from adapters.protocol import Parameters, Trainer
from adapters.reference.rounding import nearest
from harness.judging.cases import given_of
from harness.records.array_types import Array
from harness.records.step_columns import DIGESTS, columns
from harness.records.tensor_key import keyed, of_kind, prefixed
from harness.spec.arm import HalfPrecision
from harness.system.array_files import load_arrays
from harness.worker.session import Session
from harness.worker.task import Result

OF_HALF = "of_half"  # what an arm in mixed precision answers of its weights after the run


def free_run(session: Session, scratch: str, steps: int, runs: dict[str, str | None]) -> Result:
    """Several free runs: `<run>/losses` (steps,) and `<run>/digests` (steps, columns), and the names of the columns.

    `runs`: by the run's name, the file of its initial weights; None for the plan's.
    """
    trainer = session.at(scratch).traced
    arrays: dict[str, Any] = {}
    for name, file in session.counted(list(runs.items()), "runs"):
        weights = session.plan.weights if file is None else load_arrays(Path(file))
        losses, digests = _advance(session, trainer, weights, steps)
        arrays |= prefixed(name, {"losses": losses, "digests": digests})
        if half := session.adapter.arm.compute_dtype:
            arrays |= prefixed(name, {OF_HALF: np.array([_share_of_half(trainer.weights(), half)])})
    return session.reply(arrays, columns=list(columns(session.experiment.model, DIGESTS)))


def _share_of_half(weights: Parameters, half: HalfPrecision) -> float:
    """The share of the weights that are numbers of 16 bits."""
    each = [nearest(value.astype(np.float32), half) == value for value in weights.values()]
    return float(np.mean(np.concatenate([same.reshape(-1) for same in each])))


def probe(session: Session, scratch: str, step: int) -> Result:
    """The 0-based `step` of the free run: its batch, and the outputs, loss, gradients, slots and weights."""
    session.at(scratch)
    trainer, plan = session.traced, session.plan
    _advance(session, trainer, plan.weights, step)
    weights = trainer.weights()
    batch = session.batches(step + 1)[step]
    x, y = session.batch(batch)
    arrays: dict[str, Any] = {"input": np.asarray(x), "targets": np.asarray(y)}
    arrays |= keyed("layer", trainer.layers(x, batch.noise))
    trainer.set_weights(weights)
    loss, gradients = trainer.loss_and_gradients(x, y, batch.noise)
    arrays |= {"loss": np.array([loss]), **keyed("gradient", gradients)}
    trainer.set_weights(weights)
    trainer.bind(x, y)
    noise = {name: values[None] for name, values in batch.noise.items()}
    trainer.train_epoch(np.arange(len(batch.samples))[None], noise)
    arrays |= keyed("slot", trainer.slots())
    return session.reply(arrays | keyed("weight", trainer.weights()))


def slots(session: Session, scratch: str, update: Any, given: str) -> Result:
    """By `<slot>/<parameter>`, the state of an optimizer after all gradients of the file `given`.

    `update`: the spec as JSON. The file holds the initial weights, and gradients with the update as their first axis.
    """
    arm_update = session.at(scratch).replacement.of(given_of("update", update))
    arrays = load_arrays(Path(given))
    start = of_kind(arrays, "weight")
    stacked = of_kind(arrays, "gradient")
    count = len(next(iter(stacked.values())))
    gradients = [{name: values[k] for name, values in stacked.items()} for k in range(count)]
    return session.reply(session.adapter.slots_after(arm_update, start, gradients))


def _advance(session: Session, trainer: Trainer, weights: Parameters, steps: int) -> tuple[Array, Array]:
    """Runs the first `steps` updates from these weights: the losses (steps,) and the digests (steps, columns)."""
    plan = session.plan
    trainer.restart(weights)
    done, losses, digests = 0, list[Array](), list[Array]()
    for epoch in range(len(plan.orders)):
        if done == steps:
            break
        if epoch == 0 or plan.augmentation:  # without augmentation all epochs have the same samples
            trainer.bind(*session.epoch(epoch))
        for portion in session.portions(epoch, (steps - done) * plan.batch_size):
            result = trainer.train_epoch(*portion)
            losses.append(result.losses)
            digests.append(result.watched if result.watched is not None else np.empty((len(result.losses), 0)))
            done += len(result.losses)
    return np.concatenate(losses or [np.empty(0)]), np.concatenate(digests or [np.empty((0, 0))])
