"""One process of a bench, by its tasks: it trains what the plan says, and accounts for its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_process import InProcess, arm, laid_out

from harness.composition import compose
from harness.plan import digest_arrays
from harness.worker.timing.batches import Batches, padded
from harness.worker.timing.tasks import TASKS

TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.epochs=2", "training.batch_size=900"),
]
EPOCH_STEPS = 4  # whole batches of 900 among 4,000 samples; the fifth is short


@pytest.fixture
def worker(tmp_path: Path) -> InProcess:
    laid_out(compose(TINY).experiment, tmp_path)
    return InProcess(arm("timed"), tmp_path)


def ask(worker: InProcess, name: str, **payload: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return worker.ask(TASKS[name], **payload)


def test_blocks_train_the_plan_in_order(worker: InProcess) -> None:
    prepared, _ = ask(worker, "prepare", loop="", block_steps=3, horizon=20)
    assert prepared == {"epoch_steps": EPOCH_STEPS, "batch_size": 900}
    _, first = ask(worker, "time", blocks=1, steps=1)
    _, blocks = ask(worker, "time", blocks=4)
    assert len(first["dispatch_s"]) == 1
    assert {name: len(values) for name, values in blocks.items()} == {"dispatch_s": 4, "fetch_s": 4}
    concluded, _ = ask(worker, "conclude")

    session = worker.session
    trainer = session.adapter.trainer(session.experiment.recipe, session.plan.weights, 20)
    trainer.bind(*session.epoch(0))
    losses = trainer.train_epoch(session.portions(0)[0][0]).losses.astype(np.float64)
    assert concluded["losses_digest"] == digest_arrays({"losses": losses})
    assert len(losses) == EPOCH_STEPS


def test_phases_account_for_the_time(worker: InProcess) -> None:
    ask(worker, "prepare", loop="", block_steps=2, horizon=10)
    _, times = ask(worker, "time", blocks=3)
    concluded, _ = ask(worker, "conclude")
    spent_s = sum(concluded["phases"].values()) + sum(float(part.sum()) for part in times.values())
    assert 0 <= concluded["wall_s"] - spent_s < 0.2 * concluded["wall_s"]
    assert {"build", "compile", "data_to_device", "data_wait", "epoch", "evaluation", "timing"} <= set(
        concluded["phases"]
    )
    memory = concluded["memory"]
    assert 0 < memory["after_import"] <= memory["after_build"] <= memory["peak"]


def test_an_epoch_is_left_out_where_it_takes_long(worker: InProcess) -> None:
    ask(worker, "prepare", loop="", block_steps=1, horizon=10)
    concluded, _ = ask(worker, "conclude", with_epoch=False)
    assert concluded["epoch_time_s"] is None
    assert "epoch" not in concluded["phases"]


def test_batches_go_on_over_epochs(worker: InProcess) -> None:
    session = worker.session.at(str(worker.scratch))
    orders = [session.plan.orders[epoch][: EPOCH_STEPS * 900].reshape(-1, 900) for epoch in (0, 1, 0)]
    expected = np.concatenate(orders)
    batches = Batches(session)
    handed_out = np.concatenate([batches.next(steps)[0] for steps in (1, 3, 5, 2)])
    np.testing.assert_array_equal(handed_out, expected[:11])


def test_padding_repeats_the_last_batch() -> None:
    order, noise = np.arange(6).reshape(2, 3), {"mask": np.arange(2)}
    wide, masks = padded((order, noise), 4)
    np.testing.assert_array_equal(wide, order[[0, 1, 1, 1]])
    np.testing.assert_array_equal(masks["mask"], [0, 1, 1, 1])
