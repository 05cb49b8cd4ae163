"""The timed training of one arm. An epoch is one call of the trainer, so that no code here runs between steps."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from adapters.protocol import Trainer
from harness.plan import digest_arrays
from harness.records.series import Series
from harness.records.tensor_key import keyed
from harness.system.array_files import PREDICTIONS, WEIGHTS, save_arrays
from harness.worker.memory import resident_bytes
from harness.worker.norms import watched_of
from harness.worker.predicting import predictions
from harness.worker.session import Session, whole_and_short
from harness.worker.timing.window import window


def checkpoints_file(arm: str) -> str:
    """The name of the file of an arm's checkpoints, in the folder that the parent shares with its workers."""
    return f"{arm}.checkpoints.npz"


@contextmanager
def scoring(session: Session, trainer: Trainer) -> Iterator[None]:
    """Context in which the trainer has the weights that its model is scored with: their averages, if these are."""
    averaging = session.experiment.averaging
    if not averaging.slot_names:
        yield
        return
    trained = trainer.weights()
    trainer.set_weights(averaging.scored(trained, trainer.slots()))
    yield
    trainer.set_weights(trained)


def run_training(
    session: Session, send: Callable[..., None], folder: str, checkpoints: Sequence[int] = ()
) -> dict[str, Any]:
    """Trains by the plan. Writes the final weights to `folder`, and the predictions where targets are labels.

    Where the model is scored with averages of its weights, these are the final weights.

    Sends an event for each epoch: the loss of every step, the time of the epoch, the scores on the whole test set.
    `checkpoints`: the epochs after which weights and slots are kept; they are written beside the plan at the end.
    """
    plan, trainer = session.plan, session.trainer
    initial = digest_arrays(trainer.weights())
    forms = session.adapter.schedule_forms(session.experiment.schedule)
    accumulation = session.experiment.accumulation
    steps = accumulation.schedule_step(np.arange(plan.steps) // accumulation.group)
    rates = next(form.rate(steps) for form in forms if form.used)
    send(
        "started",
        plan_digest=plan.digest,
        initial_weights_digest=initial,
        learning_rates=Series(rates),
    )
    trainer.bind(*session.epoch(0))
    x_test, y_test = session.test_set()

    start = time.perf_counter()
    parts = [part for order in plan.orders for part in whole_and_short(order, plan.batch_size)]
    for shape in dict.fromkeys(part.shape for part in parts):
        trainer.compile(*shape)
    compile_time_s = time.perf_counter() - start
    send("compiled", compile_time_s=compile_time_s)

    states: dict[str, Any] = {}
    order_digests = []
    with window() as timed:
        for epoch, order in enumerate(plan.orders):
            if epoch and plan.augmentation:
                trainer.bind(*session.epoch(epoch))
            portions = session.portions(epoch)
            start = time.perf_counter()
            results = [trainer.train_epoch(*portion) for portion in portions]
            epoch_time_s = time.perf_counter() - start
            with scoring(session, trainer):
                score = trainer.evaluate(x_test, y_test)
            send(
                "epoch",
                epoch=epoch,
                losses=Series(np.concatenate([result.losses for result in results])),
                **watched_of(session.experiment, results),
                epoch_time_s=epoch_time_s,
                samples=len(order),
                test_loss=score.loss,
                test_accuracy=score.accuracy,
                samples_scored=score.samples,
                peak_rss_bytes=resident_bytes("VmHWM"),
            )
            order_digests.append(digest_arrays({"order": np.concatenate([rows.ravel() for rows, _ in portions])}))
            if epoch in checkpoints:
                states |= keyed("weight", trainer.weights(), epoch) | keyed("slot", trainer.slots(), epoch)
    if states:
        save_arrays(session.scratch / checkpoints_file(session.adapter.arm.name), states)
    with scoring(session, trainer):
        weights = trainer.weights()
        save_arrays(Path(folder) / WEIGHTS, weights)
        if session.experiment.data.classes is not None:
            save_arrays(Path(folder) / PREDICTIONS, predictions(trainer, x_test))
    return {
        "final_weights_digest": digest_arrays(weights),
        "order_digests": order_digests,
        "compile_time_s": compile_time_s,
        "host": timed.after.model_dump(mode="json"),
        "interference": timed.interference.model_dump(mode="json"),
        "processors": len(os.sched_getaffinity(0)),
        "peak_rss_bytes": resident_bytes("VmHWM"),
    }
