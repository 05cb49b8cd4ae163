"""What the trainers of the frameworks do with NumPy alone, with a trainer that answers from its samples."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from adapters.base import EVALUATION_BATCH, FrameworkTrainer
from adapters.protocol import NO_NOISE, Array, EpochResult, IntArray, Parameters
from harness.spec.recipe import Recipe

UPDATE = {"optimizer": "sgd", "schedule": {"kind": "constant", "rate": 0.5}}
MODEL = {"input": {"shape": [2]}, "layers": [{"kind": "dense", "units": 3, "kernel_initializer": "he_normal"}]}
WEIGHTS = {"dense_1/kernel": np.ones((2, 3), np.float32), "dense_1/bias": np.zeros(3, np.float32)}


class Answering(FrameworkTrainer):
    """The loss of a batch is the mean, or the sum, of its first inputs; every label 2 is missed."""

    def __init__(self, **changes: Any) -> None:
        self.recipe = Recipe.model_validate({"model": MODEL, "update": UPDATE, **changes})
        super().__init__(self.recipe)
        self.log: list[str] = []
        self.scaler = SimpleNamespace(restart=lambda: self.log.append("scaler"), dynamic=False)
        self.optimizer = SimpleNamespace(restart=lambda: self.log.append("optimizer"))

    def weights(self) -> dict[str, Array]:
        return WEIGHTS

    def set_weights(self, weights: Parameters) -> None:
        self.log.append("weights")

    def gradients_at_scale(self, x: Array, y: Array, noise: Parameters) -> tuple[float, dict[str, Array]]:
        return float(x[:, 0].sum()), {}

    def score(self, x: Array, y: Array) -> tuple[float, int]:
        assert len(x) <= EVALUATION_BATCH
        total = float(x[:, 0].sum())
        return total / len(x) if self.recipe.loss.reduction == "mean" else total, int((y == 2).sum())

    def dispatch(self, order: IntArray, noise: Parameters = NO_NOISE, steps: int | None = None) -> IntArray:
        self.log.append("dispatch")
        return order

    def fetch(self, dispatched: IntArray) -> EpochResult:
        self.log.append("fetch")
        return EpochResult(dispatched.sum(axis=1).astype(np.float32))


SAMPLES = 2 * EVALUATION_BATCH + 500
X = np.stack([np.arange(SAMPLES), np.zeros(SAMPLES)], axis=1)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_all_samples_are_scored_as_one_batch(reduction: str) -> None:
    trainer = Answering(loss={"kind": "softmax_cross_entropy", "reduction": reduction})
    result = trainer.evaluate(X, np.arange(SAMPLES, dtype=np.int32) % 3)
    total = SAMPLES * (SAMPLES - 1) / 2
    assert result.loss == pytest.approx(total / SAMPLES if reduction == "mean" else total, rel=1e-12)
    assert result.accuracy == pytest.approx(1 - (SAMPLES // 3) / SAMPLES, abs=1e-12)
    assert result.samples == SAMPLES


def test_values_have_no_accuracy() -> None:
    trainer = Answering(loss="mean_squared_error", targets="values")
    assert trainer.evaluate(X, np.zeros((SAMPLES, 3))).accuracy is None


def test_the_structure_is_that_of_the_weights() -> None:
    structure = Answering(loss="mean_squared_error").structure()
    assert structure.parameters == (("dense_1/kernel", (2, 3), "float32"), ("dense_1/bias", (3,), "float32"))
    assert structure.parameter_count == 9


def test_a_restart_sets_the_weights_and_the_optimizer() -> None:
    trainer = Answering(loss="mean_squared_error")
    trainer.restart(WEIGHTS)
    assert trainer.log == ["weights", "optimizer", "scaler"]


def test_an_epoch_is_dispatched_and_then_fetched() -> None:
    trainer = Answering(loss="mean_squared_error")
    result = trainer.train_epoch(np.arange(6).reshape(3, 2))
    assert trainer.log == ["dispatch", "fetch"]
    assert result.losses.tolist() == [1, 5, 9]
