"""Randomness in training that no layer of dropout draws is found, with its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adapters.user_model import LayerCall
from harness.subjects.pair.randomness import random_in_training

X = np.ones((2, 3), np.float32)


class Model:
    """Three layers; `noise` is added at one place. The weight counts how often it was called in training."""

    def __init__(self, noise: float, place: str) -> None:
        self.noise, self.place, self.calls, self.generator = noise, place, 0.0, np.random.default_rng(0)
        self.dropout = True

    def without_dropout(self) -> None:
        self.dropout = False

    def weights(self) -> dict[str, Any]:
        return {"calls": np.array([self.calls])}

    def set_weights(self, weights: dict[str, Any]) -> None:
        self.calls = float(weights["calls"][0])

    def _at(self, place: str, value: Any) -> Any:
        drawn = self.generator.normal(size=value.shape) if place == self.place or self.dropout else 0.0
        return value * (1 + self.noise * drawn)

    def traced(self, x: Any, training: bool) -> list[LayerCall]:
        assert training
        self.calls += 1
        calls = []
        for name in ("first", "second", "third"):
            x = self._at(f"before {name}", x)
            y = self._at(name, x + self.calls)  # the state of a layer must be restored between the passes
            calls.append(LayerCall(name, "Dense", (x,), (y,)))
            x = y
        return calls

    def loss_and_gradients(self, x: Any, y: Any) -> tuple[float, dict[str, Any]]:
        return float(self._at("loss", self.traced(x, True)[-1].y).sum()), {}


@pytest.mark.parametrize(
    ("noise", "place", "told"),
    [
        (0.1, "nowhere", ""),
        (0.1, "second", "layer second gives another output each time for the same input"),
        (0.1, "before third", "the randomness lies after layer second and before layer third"),
        (0.1, "before first", "the randomness lies before layer first"),
        (0.1, "loss", "its loss is not the same twice"),
        (1e-6, "second", ""),
    ],
)
def test_where_training_is_random(noise: float, place: str, told: str) -> None:
    model = Model(noise, place)
    found, _ = random_in_training({"float32": model}, X, X)  # type: ignore[dict-item]
    assert found.startswith(told)
    assert bool(found) == bool(told)
    assert model.calls == 0


def test_float64_shows_what_rounding_hides() -> None:
    quiet, exact = Model(1e-6, "nowhere"), Model(1e-6, "second")
    found, _ = random_in_training({"float32": quiet, "float64": exact}, X, X)  # type: ignore[dict-item]
    assert found.startswith("layer second")
