"""The reference's gradients: against complex steps through formulas written here, and against central differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import mpmath
import numpy as np
import pytest

from adapters.reference.activations import activate
from adapters.reference.losses import per_sample
from adapters.reference.optimizers import Optimizer
from adapters.reference.trainer import EVALUATION_BATCH, ReferenceTrainer
from harness.plan import draw_weights
from harness.spec import activations as spec
from harness.spec.losses import Loss, MeanSquaredError, SoftmaxCrossEntropy
from harness.spec.model import Model
from harness.spec.optimizers import Sgd
from harness.spec.recipe import Recipe, Update
from harness.spec.schedules import Constant

EPS = float(np.finfo(np.float64).eps)
# Numbers of size 1, each a sum of fewer than 100 products that went through at most four layers.
ROUNDING = 4 * 100 * EPS
CLASSES, SAMPLES, SHAPE = 3, 5, (2, 3, 1)

# The formulas of the spec, without regard to overflow and analytic away from the kink, so that they take complex x.
FORMULAS: dict[type[spec.Activation], Callable[[Any], Any]] = {
    spec.Linear: lambda x: x,
    spec.Sigmoid: lambda x: 1 / (1 + np.exp(-x)),
    spec.Tanh: lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    spec.Relu: lambda x: np.where(x.real > 0, x, 0),
    spec.Softmax: lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
}
ACTIVATIONS = [kind() for kind in FORMULAS]
LOSSES = [SoftmaxCrossEntropy(), MeanSquaredError()]


def plain_loss(loss: Loss, z: Any, y: Any) -> Any:
    rows = np.arange(len(y))
    if isinstance(loss, SoftmaxCrossEntropy):
        return np.mean(np.log(np.exp(z).sum(axis=1)) - z[rows, y])
    target = np.zeros(z.shape)
    target[rows, y] = 1
    return np.mean((z - target) ** 2)


def plain_run(model: Model, loss: Loss, weights: Mapping[str, Any], x: Any, y: Any) -> tuple[Any, list[Any]]:
    """The loss, and what went into every relu."""
    kinks = []
    for placed in model.placed_layers():
        if placed.layer.kind == "flatten":
            x = np.stack([sample.ravel() for sample in x])
            continue
        x = x @ weights[f"{placed.name}/kernel"] + weights[f"{placed.name}/bias"]
        if placed.layer.activation.kind == "relu":
            kinks.append(x)
        x = FORMULAS[type(placed.layer.activation)](x)
    return plain_loss(loss, x, y), kinks


def model_of(widths: tuple[int, ...], hidden: spec.Activation, last: spec.Activation) -> Model:
    drawn = {
        "kernel_initializer": {"kind": "normal", "stddev": 0.6},
        "bias_initializer": {"kind": "normal", "stddev": 0.3},
    }
    dense = [{"kind": "dense", "units": units, "activation": hidden.kind, **drawn} for units in widths]
    dense.append({"kind": "dense", "units": CLASSES, "activation": last.kind, **drawn})
    return Model.model_validate({"input": {"shape": SHAPE}, "layers": ["flatten", *dense]})


def trainer_of(model: Model, loss: Loss, seed: int = 1, precision: Any = np.float64) -> ReferenceTrainer:
    update = Update(optimizer=Sgd(), schedule=Constant(rate=1))
    optimizer = Optimizer(update, np.ones(1), precision, np.float64)
    recipe = Recipe(model=model, loss=loss, update=update)
    return ReferenceTrainer(recipe, optimizer, draw_weights(model, seed), precision)


def samples(count: int = SAMPLES) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    return rng.normal(size=(count, *SHAPE)), rng.integers(0, CLASSES, count).astype(np.int32)


def moved(weights: Mapping[str, Any], name: str, index: tuple[int, ...], by: complex) -> dict[str, Any]:
    changed = weights[name].astype(np.result_type(weights[name], by))
    changed[index] += by
    return {**weights, name: changed}


def kind_of(value: Any) -> str:
    return value.kind if hasattr(value, "kind") else str(value)


@pytest.mark.parametrize(
    ("widths", "hidden"),
    [((), spec.Linear()), *((widths, hidden) for widths in [(4,), (7, 2, 5)] for hidden in ACTIVATIONS)],
    ids=kind_of,
)
@pytest.mark.parametrize("loss", LOSSES, ids=kind_of)
@pytest.mark.parametrize("last", ACTIVATIONS, ids=kind_of)
def test_every_gradient(widths: tuple[int, ...], hidden: spec.Activation, last: spec.Activation, loss: Loss) -> None:
    model = model_of(widths, hidden, last)
    trainer, (x, y) = trainer_of(model, loss), samples()
    weights = trainer.weights()
    value, gradients = trainer.loss_and_gradients(x, y)
    plain, kinks = plain_run(model, loss, weights, x, y)
    assert abs(value - plain) <= ROUNDING
    assert value < 5
    assert list(gradients) == [parameter.name for parameter in model.parameters()]

    step = 1e-4
    assert all(np.abs(z).min() > 10 * step for z in kinks), "a relu this near its kink has no difference quotient"
    # The quotient's truncation is of the order step**4. Its rounding: 10 EPS of a loss below 5, weighted 18 / 12.
    nearness = 10 * EPS * 5 * 1.5 / step
    for name, gradient in gradients.items():
        assert gradient.shape == weights[name].shape
        for index in np.ndindex(gradient.shape):
            tiny = 1e-40  # its square is nothing beside EPS: the complex step has no truncation error
            by_complex_step = plain_run(model, loss, moved(weights, name, index, tiny * 1j), x, y)[0].imag / tiny
            assert abs(gradient[index] - by_complex_step) <= ROUNDING, (name, index)
            at = {}
            for steps in (-2, -1, 1, 2):
                trainer.set_weights(moved(weights, name, index, steps * step))
                at[steps] = trainer.loss_and_gradients(x, y)[0]
            quotient = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * step)
            assert abs(gradient[index] - quotient) <= nearness, (name, index)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=kind_of)
def test_a_pullback_is_the_transposed_jacobian(activation: spec.Activation) -> None:
    rng = np.random.default_rng(5)
    x, dy = rng.normal(0, 2, (4, 6)), rng.normal(size=(4, 6))
    value, pullback = activate(activation, x)
    formula = FORMULAS[type(activation)]
    assert np.abs(value - formula(x)).max() <= 8 * EPS
    wanted = np.empty_like(x)
    for index in np.ndindex(x.shape):
        nudged = x.astype(complex)
        nudged[index] += 1e-40j
        wanted[index] = (dy * formula(nudged).imag).sum() / 1e-40
    assert np.abs(pullback(dy)[0] - wanted).max() <= 32 * EPS


def test_relu_at_zero() -> None:
    x = np.array([-1.0, -0.0, 0.0, 5e-324, np.inf, -np.inf])
    value, pullback = activate(spec.Relu(), x)
    assert value.tolist() == [0, 0, 0, 5e-324, np.inf, 0]
    assert pullback(np.full(6, 7.0))[0].tolist() == [0, 0, 0, 7, 7, 0]


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_sigmoid_far_out(precision: Any) -> None:
    x = np.array([-1000, -np.inf, 0, 1000, np.inf], precision)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, pullback = activate(spec.Sigmoid(), x)
        assert value.tolist() == [0, 0, 0.5, 1, 1]
        assert pullback(np.ones(5, precision))[0].tolist() == [0, 0, 0.25, 0, 0]


def test_sigmoid_keeps_its_relative_accuracy() -> None:
    x = np.array([-700.0, -300.0, -40.0, -1.0, 1e-9, 1.0, 40.0])
    exact = [float(1 / (1 + mpmath.exp(-mpmath.mpf(each)))) for each in x]
    # exp, a sum, a quotient: each at most one ULP.
    np.testing.assert_array_max_ulp(activate(spec.Sigmoid(), x)[0], np.array(exact), maxulp=3)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_softmax_rows(precision: Any) -> None:
    x = np.array([[1, 2, 3], [-1e4, 0, 1e4], [1e4, 1e4, 1e4], [-1e30, 0, -1e30]], precision)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, pullback = activate(spec.Softmax(), x)
    # Three quotients, each rounded once, and two sums.
    assert np.abs(value.sum(axis=-1) - 1).max() <= 3 * np.finfo(precision).eps
    assert value[1:].tolist() == [[0, 0, 1], [precision(1) / precision(3)] * 3, [0, 1, 0]]
    # A row that is pushed evenly does not move: its sum is 1 whatever x is.
    assert np.abs(pullback(np.ones_like(x))[0]).max() <= 3 * np.finfo(precision).eps


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("word", [*ACTIVATIONS, *LOSSES], ids=kind_of)
def test_nothing_is_computed_in_a_wider_precision(word: Any, precision: Any) -> None:
    # The reference in float32 measures what float32 costs: computed in float64 it would find no error at all.
    x = np.linspace(-2, 2, 12, dtype=precision).reshape(4, 3)
    if isinstance(word, Loss):
        value, slope = per_sample(word, x, np.array([0, 1, 2, 0]))
    else:
        value, pullback = activate(word, x)
        slope = pullback(x)[0]
    assert (value.dtype, slope.dtype) == (precision, precision)
    gradients = trainer_of(model_of((4,), spec.Sigmoid(), spec.Linear()), LOSSES[0], precision=precision)
    assert {each.dtype for each in gradients.loss_and_gradients(*samples())[1].values()} == {np.dtype(precision)}


def test_cross_entropy_far_out() -> None:
    z = np.array([[1e4, -1e4, 0.0], [1e4, -1e4, 0.0], [7.0, 7.0, 7.0]])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, slope = per_sample(SoftmaxCrossEntropy(), z, np.array([0, 1, 2]))
    assert value.tolist() == [0, 2e4, np.log(3)]
    assert slope[:2].tolist() == [[0, 0, 0], [1, -1, 0]]
    np.testing.assert_array_max_ulp(slope[2], np.array([1 / 3, 1 / 3, -2 / 3]), maxulp=1)


def test_mean_squared_error_by_hand() -> None:
    value, slope = per_sample(MeanSquaredError(), np.array([[0.5, 0.25, -1.0, 2.0]]), np.array([1]))
    assert value.tolist() == [(0.25 + 0.5625 + 1 + 4) / 4]
    assert slope.tolist() == [[0.25, -0.375, -0.5, 1.0]]


def test_a_batch_is_the_mean_of_its_samples_and_every_sample_is_scored() -> None:
    model, loss = model_of((4,), spec.Tanh(), spec.Linear()), SoftmaxCrossEntropy()
    trainer, (x, y) = trainer_of(model, loss), samples(2 * EVALUATION_BATCH + 7)
    each = [trainer.loss_and_gradients(x[i : i + 1], y[i : i + 1]) for i in range(9)]
    value, gradients = trainer.loss_and_gradients(x[:9], y[:9])
    assert abs(value - sum(one for one, _ in each) / 9) <= ROUNDING
    for name, gradient in gradients.items():
        assert np.abs(gradient - sum(own[name] for _, own in each) / 9).max() <= ROUNDING
    score, flat = trainer.evaluate(x, y), x.reshape(len(x), prod(SHAPE))
    w = trainer.weights()
    z = np.tanh(flat @ w["dense_1/kernel"] + w["dense_1/bias"]) @ w["dense_2/kernel"] + w["dense_2/bias"]
    # The mean of 2,007 losses of size 1: the sum may lose an EPS at every term.
    assert abs(score.loss - plain_loss(loss, z, y)) <= len(x) * EPS
    assert (score.samples, score.accuracy) == (len(x), int((z.argmax(axis=1) == y).sum()) / len(x))
