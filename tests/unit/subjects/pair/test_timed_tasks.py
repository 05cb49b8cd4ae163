"""A side of a pair that is timed, with a model that is made up: its batches, and what is no part of a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_process import InProcess
from in_process import arm as arm_named

from adapters.user_model import OwnParameter
from harness.subjects.pair import timed_tasks
from harness.subjects.pair.composing import compose_pair
from harness.subjects.pair.timed_tasks import TASKS
from harness.system.array_files import save_arrays
from harness.worker.timing import tasks

EXAMPLE = Path(__file__).parents[4] / "examples" / "pair" / "small_cnn.yaml"
STEPS = 4


class Model:
    """Records what it is asked. The loss of a step is the number of its batch, so that the order shows."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.state = np.zeros(1)
        self.seen: list[int] = []

    def parameters(self) -> list[OwnParameter]:
        return [OwnParameter(name, "dense", name, (1,), name != "mean") for name in ("kernel", "mean")]

    def begin(self, update: Any, names: dict[str, str], horizon: int) -> None:
        self.names, self.horizon = names, horizon

    def weights(self) -> dict[str, Any]:
        return {"mean": self.state.copy()}

    def set_weights(self, weights: dict[str, Any]) -> None:
        self.state = weights["mean"]

    def loss_and_gradients(self, x: Any, y: Any) -> tuple[float, dict[str, Any]]:
        self.state = self.state + 1
        return 0.0, {}

    def without_dropout(self) -> None:
        raise AssertionError("a user's training has its dropout")

    def step(self, x: Any, y: Any) -> float:
        assert x[0, 0] == y[0]
        self.seen.append(int(y[0]))
        return float(y[0])


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    made = Model()
    monkeypatch.setattr(timed_tasks, "built_model", lambda *_: made)
    return made


@pytest.fixture
def worker(tmp_path: Path) -> InProcess:
    (tmp_path / "pair.json").write_text(compose_pair([f"pair={EXAMPLE}"]).pair.model_dump_json())
    y = np.repeat(np.arange(STEPS)[:, None], 2, axis=1)
    save_arrays(tmp_path / "batches.npz", {"x": y[:, :, None].astype(np.float32), "y": y})
    return InProcess(arm_named("mindspore"), tmp_path)


def prepared(worker: InProcess, block_steps: int = 0) -> dict[str, Any]:
    payload = {"file": "left.py", "function": "net", "block_steps": block_steps, "horizon": 100}
    return worker.ask(TASKS["prepare"], **payload)[0]


def test_it_is_built_and_compiled_without_an_update(worker: InProcess, model: Model) -> None:
    assert prepared(worker) == {"epoch_steps": STEPS, "batch_size": 2}
    assert (model.names, model.horizon) == ({"kernel": "kernel"}, 100)  # what no optimizer updates is left alone
    assert model.state.tolist() == [0.0]  # as its builder left it
    assert model.seen == []


def test_batches_come_in_order_and_begin_again(worker: InProcess, model: Model) -> None:
    prepared(worker, block_steps=3)
    assert worker.ask(tasks.TASKS["losses"], steps=2)[1]["losses"].tolist() == [0.0, 1.0]
    result, arrays = worker.ask(tasks.TASKS["time"], blocks=2, steps=3)
    assert model.seen == [0, 1, 2, 3, 0, 1, 2, 3]
    assert arrays["dispatch_s"].shape == arrays["fetch_s"].shape == (2,)
    assert (arrays["dispatch_s"] > 0).all()
    assert result["host"]["timed_s"] >= float(arrays["dispatch_s"].sum())


def test_what_is_concluded(worker: InProcess, model: Model) -> None:
    prepared(worker, block_steps=2)
    worker.ask(tasks.TASKS["time"], blocks=3, steps=2)
    found = worker.ask(tasks.TASKS["conclude"], with_epoch=True)[0]
    unscored = ("epoch_time_s", "time_to_accuracy_s", "test_loss", "test_accuracy")
    assert {found[name] for name in unscored} == {None}
    assert found["losses_digest"]
    assert {"data_wait", "build", "compile"} <= set(found["phases"])
    again = InProcess(worker.arm, worker.scratch)
    prepared(again, block_steps=4)
    again.ask(tasks.TASKS["time"], blocks=2, steps=4)
    assert again.ask(tasks.TASKS["conclude"])[0]["losses_digest"] == found["losses_digest"]
