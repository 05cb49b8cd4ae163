"""The reference disturbed: every word that the ledger may call inaccurate, moved by its bound and by no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adapters
from adapters.reference.activations import activate
from adapters.reference.disturbed import DRAWS, Disturbance, disturbing
from adapters.reference.losses import value_and_gradient
from harness.spec.activations import Softplus, Tanh
from harness.spec.arm import Arm
from harness.spec.layers import Dense
from harness.spec.losses import MeanSquaredError
from harness.spec.model import place
from harness.spec.optimizers import Sgd
from harness.spec.recipe import Update
from harness.spec.schedules import Constant

BOUND = 2.0**-10
X = np.linspace(-2, 2, 9).reshape(3, 3)
ORACLE = adapters.load(Arm(name="reference", adapter="reference", mode="numpy", precision="float64"))


def of_activation() -> list[Any]:
    y, pullback = activate(Tanh(), X)
    return [y, pullback(np.ones_like(X))[0]]


def of_layer() -> list[Any]:
    (placed,) = place((Dense(units=2, kernel_initializer="he_normal"),), (3,))
    weights = {p.name: np.ones(p.shape) for p in placed.parameters}
    return list(ORACLE.layer(placed, weights, X, np.ones((3, 2)), {}, True).values())


def of_loss() -> list[Any]:
    value, gradient = value_and_gradient(MeanSquaredError(), X, np.zeros_like(X))
    return [np.asarray(value), gradient]


def of_optimizer() -> list[Any]:
    update = Update(optimizer=Sgd(), schedule=Constant(rate=0.5))
    *_, last = ORACLE.optimizer(update, {"w": np.zeros(3)}, [{"w": np.ones(3)}] * 3)
    return [last["w"]]


EVALUATIONS: list[tuple[type[Any], Callable[[], list[Any]]]] = [
    (Tanh, of_activation),
    (Dense, of_layer),
    (MeanSquaredError, of_loss),
    (Sgd, of_optimizer),
]


@pytest.mark.parametrize(("kind", "evaluate"), EVALUATIONS, ids=lambda each: getattr(each, "__name__", ""))
@pytest.mark.parametrize("relative", [False, True])
def test_moved_by_the_bound_and_no_further(kind: type[Any], evaluate: Callable[[], list[Any]], relative: bool) -> None:
    still = evaluate()
    for draw in range(DRAWS):
        with disturbing({kind: Disturbance(BOUND, relative)}, draw) as touched:
            moved = evaluate()
        assert touched == {kind}
        for before, after in zip(still, moved, strict=True):
            # An absolute bound is for an upstream of 1; what is summed over a batch of 3 comes to 3 at most.
            allowed = BOUND * (np.abs(before) if relative else 1.0) + 8 * np.finfo(np.float64).eps
            assert np.all(np.abs(after - before) <= allowed)
            assert np.any(after != before)
            if draw < 2 and not relative and before is still[0]:
                np.testing.assert_allclose(after - before, (BOUND, -BOUND)[draw], rtol=1e-10)


@pytest.mark.parametrize("draw", range(DRAWS))
def test_an_error_moves_no_value_past_0(draw: int) -> None:
    x = np.array([-30.0, -1.0, 1.0])
    with disturbing({Softplus: Disturbance(BOUND)}, draw):
        y, _ = activate(Softplus(), x)
    assert y[0] >= 0
    assert y[1] != np.logaddexp(0, x[1]), "the others are moved as ever"


def test_the_draws_repeat_and_differ() -> None:
    found = []
    for draw in (2, 2, 3):
        with disturbing({Tanh: Disturbance(BOUND)}, draw):
            found.append(of_activation()[0])
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_other_words_and_other_times_are_left_alone() -> None:
    still = of_activation()
    with disturbing({Sgd: Disturbance(BOUND)}, 0) as touched:
        assert np.array_equal(of_activation()[0], still[0])
    assert not touched
    with disturbing({Tanh: Disturbance(BOUND)}, 0):
        pass
    assert np.array_equal(of_activation()[0], still[0])


def test_float32_stays_float32() -> None:
    with disturbing({Tanh: Disturbance(BOUND)}, 2):
        y, pullback = activate(Tanh(), X.astype(np.float32))
        assert y.dtype == pullback(np.ones_like(y))[0].dtype == np.float32
