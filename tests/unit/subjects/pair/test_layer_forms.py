"""Known forms are recovered from numbers alone: made here by formula, with float32 rounding."""

import math
from dataclasses import replace

import numpy as np
import pytest

from harness.subjects.pair import layer_forms
from harness.subjects.pair.activation_forms import between_operations
from harness.subjects.pair.layer_forms import (
    Kept,
    epsilon_of,
    kept_differently,
    output_form,
    padding_of,
    recovered,
)
from harness.subjects.pair.seen import Seen

RNG = np.random.default_rng(0)
X = RNG.normal(0.3, 1.5, (6, 5, 5, 4)).astype(np.float32)
OLD = {"moving_mean": RNG.normal(size=4).astype(np.float32), "moving_variance": RNG.uniform(1, 2, 4).astype(np.float32)}


def seen(adapter, y, x=X, weights=None, **settings):
    return Seen(adapter, adapter, x, y.astype(np.float32), weights or {}, settings)


def kept(statistic, momentum, *, unbiased=False):
    exact = X.astype(np.float64)
    count = X.size // 4
    batch = exact.mean((0, 1, 2)) if statistic == "moving_mean" else exact.var((0, 1, 2))
    batch = batch * count / (count - 1) if unbiased else batch
    return (momentum * OLD[statistic] + (1 - momentum) * batch).astype(np.float32)


@pytest.mark.parametrize("momentum", [0.0, 0.1, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("unbiased", [False, True])
def test_momentum_and_estimate_are_recovered(momentum, unbiased):
    statistic = "moving_variance" if unbiased else "moving_mean"
    found = recovered(X, OLD[statistic], kept(statistic, momentum, unbiased=unbiased), statistic)
    assert found == Kept(momentum, unbiased)


def test_the_biased_variance_is_told_from_the_unbiased():
    found = recovered(X, OLD["moving_variance"], kept("moving_variance", 0.9), "moving_variance")
    assert found == Kept(0.9, False)


def test_what_no_momentum_explains_is_not_given_one():
    spoilt = kept("moving_mean", 0.9)
    spoilt[2] += 0.01
    assert recovered(X, OLD["moving_mean"], spoilt, "moving_mean") is None


def test_the_momentum_convention_is_named_with_the_change_to_either_side():
    a, b = seen("mindspore", X), seen("tensorflow", X)
    (form,) = kept_differently("moving_mean", a, b, Kept(0.9, False), Kept(0.1, False))
    assert form.cause == (
        "batch_norm momentum convention: mindspore keeps 0.9 of the old mean, tensorflow 0.1, one minus the other"
    )
    assert "keras.layers.BatchNormalization(momentum=0.9) equals nn.BatchNorm2d(momentum=0.9)" in form.advice
    assert "nn.BatchNorm2d(momentum=0.1) equals keras.layers.BatchNormalization(momentum=0.1)" in form.advice
    assert (form.setting, form.values) == ("momentum", (0.9, 0.1))


def test_alike_is_no_form():
    a, b = seen("mindspore", X), seen("tensorflow", X)
    assert kept_differently("moving_variance", a, b, Kept(0.9, True), Kept(0.9, True)) == []


def normalised(epsilon):
    exact = X.astype(np.float64)
    return (exact - exact.mean((0, 1, 2))) / np.sqrt(exact.var((0, 1, 2)) + epsilon)


def test_epsilon_is_recovered_and_named():
    a = seen("mindspore", normalised(1e-5), weights=OLD, epsilon=1e-5)
    b = seen("tensorflow", normalised(1e-3), weights=OLD, epsilon=1e-3)
    assert math.isclose(epsilon_of(b, training=True), 1e-3, rel_tol=0.1)
    form = output_form("batchnorm", a, b, training=True)
    assert form is not None
    assert "mindspore adds 1e-05 to the variance, tensorflow 0.001" in form.cause
    assert form.values == (1e-5, 1e-3)


def test_an_epsilon_that_the_numbers_do_not_bear_out_is_not_named():
    a = seen("mindspore", normalised(1e-5), weights=OLD, epsilon=1e-5)
    b = seen("tensorflow", normalised(1e-5), weights=OLD, epsilon=1e-3)
    assert output_form("batchnorm", a, b, training=True) is None


GAMMA = {"gamma": RNG.uniform(0.5, 2, 4), "beta": RNG.normal(size=4)}
IMAGE = (1, 2)  # its axes


def over(axes, epsilon, x=X, *, unbiased=False, deviation=False):
    """By the definition: over the axes, with gamma and beta along the last."""
    exact = x.astype(np.float64)
    mean, variance = exact.mean(axes, keepdims=True), exact.var(axes, keepdims=True, ddof=int(unbiased))
    scale = np.sqrt(variance) + epsilon if deviation else np.sqrt(variance + epsilon)
    return (exact - mean) / scale * GAMMA["gamma"] + GAMMA["beta"]


def grouped(groups, epsilon, x=X):
    exact = x.astype(np.float64).reshape(*x.shape[:-1], groups, -1)
    mean, variance = exact.mean((1, 2, 4), keepdims=True), exact.var((1, 2, 4), keepdims=True)
    return ((exact - mean) / np.sqrt(variance + epsilon)).reshape(x.shape) * GAMMA["gamma"] + GAMMA["beta"]


def root_mean_square(epsilon, x=X):
    exact = x.astype(np.float64)
    return exact / np.sqrt(np.mean(exact**2, -1, keepdims=True) + epsilon) * GAMMA["gamma"] + GAMMA["beta"]


NORMALISATIONS = {
    "batchnorm": lambda epsilon: over((0, 1, 2), epsilon),
    "layernorm": lambda epsilon: over((3,), epsilon),
    "layernorm over all": lambda epsilon: over((1, 2, 3), epsilon),
    "groupnorm": lambda epsilon: grouped(2, epsilon),
    "instancenorm": lambda epsilon: over(IMAGE, epsilon),
    "rmsnorm": root_mean_square,
}


@pytest.mark.parametrize("epsilons", [(1e-5, 1e-3), (1e-3, 0.02), (1e-12, 1e-5), (2e-5, 1e-5), (0.0, 1e-6)])
@pytest.mark.parametrize("kind", NORMALISATIONS)
def test_epsilon_of_any_size_is_recovered_in_every_normalisation(kind, epsilons):
    exact = X.astype(np.float64)
    sides = [Seen(n, n, exact, NORMALISATIONS[kind](e), GAMMA, {}) for n, e in zip("ab", epsilons, strict=True)]
    form = output_form(kind.partition(" ")[0], *(replace(s, adapter="tensorflow") for s in sides), training=True)
    assert form is not None
    assert form.setting == "epsilon"
    assert form.values == pytest.approx(epsilons, rel=1e-6, abs=1e-13)


@pytest.mark.parametrize("kind", NORMALISATIONS)
def test_float32_is_enough_for_an_epsilon_that_shows_in_it(kind):
    sides = [seen(n, NORMALISATIONS[kind](e), X, GAMMA) for n, e in (("mindspore", 1e-5), ("tensorflow", 1e-3))]
    form = output_form(kind.partition(" ")[0], *sides, training=True)
    assert form is not None
    assert form.values is not None
    assert form.values[1] == pytest.approx(1e-3, rel=1e-3)
    assert "nn." in form.advice or kind == "rmsnorm"


@pytest.mark.parametrize(
    ("kind", "a", "b", "told"),
    [
        ("groupnorm", grouped(2, 1e-5), over(IMAGE, 1e-5), "over 2 groups of channels, tensorflow over the positions"),
        ("layernorm", over((3,), 1e-5), over((1, 2, 3), 1e-5), "over the last axis, tensorflow over the last 3 axes"),
        ("rmsnorm", root_mean_square(1e-5), over((3,), 1e-5), "over the last axis without a mean, tensorflow"),
        (
            "layernorm",
            over((3,), 1e-5, unbiased=True),
            over((3,), 1e-5),
            "tensorflow divides the variance by the number of values, mindspore by one less",
        ),
        ("layernorm", over((3,), 1e-2, deviation=True), over((3,), 1e-2), "adds epsilon to the standard deviation"),
    ],
)
def test_what_is_normalised_over_is_named(kind, a, b, told):
    exact = X.astype(np.float64)
    sides = [Seen(name, name, exact, y, GAMMA, {}) for name, y in (("mindspore", a), ("tensorflow", b))]
    form = output_form(kind, *sides, training=True)
    assert form is not None
    assert told in form.cause
    assert form.setting == ""


def test_what_is_no_normalisation_has_no_epsilon():
    exact = X.astype(np.float64)
    a, b = (Seen(name, name, exact, y, GAMMA, {}) for name, y in (("a", over((3,), 1e-5)), ("b", np.tanh(exact))))
    assert output_form("layernorm", a, b, training=True) is None


def convolved(x, kernel, before, after, stride):
    """By the definition, one output at a time."""
    wide = np.pad(x.astype(np.float64), ((0, 0), (before, after), (before, after), (0, 0)))
    size = (wide.shape[1] - kernel.shape[0]) // stride + 1
    y = np.zeros((len(x), size, size, kernel.shape[3]))
    for i in range(size):
        for j in range(size):
            window = wide[:, i * stride : i * stride + 3, j * stride : j * stride + 3]
            y[:, i, j] = np.tensordot(window, kernel, ([1, 2, 3], [0, 1, 2]))
    return y


def test_padding_shifted_by_one_is_recovered_and_named():
    x = RNG.normal(size=(3, 8, 8, 4)).astype(np.float32)
    weights = {"kernel": RNG.normal(size=(3, 3, 4, 2)).astype(np.float32)}
    a = seen("mindspore", convolved(x, weights["kernel"], 1, 1, 2), x, weights, strides=[2, 2])
    b = seen("tensorflow", convolved(x, weights["kernel"], 0, 1, 2), x, weights, strides=[2, 2])
    assert (padding_of(a), padding_of(b)) == (((1, 0), (1, 0)), ((0, 1), (0, 1)))
    form = output_form("conv", a, b, training=False)
    assert form is not None
    assert "mindspore puts 1 and 1 zeros before the image, tensorflow 0 and 0" in form.cause
    assert form.advice == (
        "mindspore's padding of [(1, 0), (1, 0)] is keras.layers.ZeroPadding2D(((1, 0), (1, 0))) before "
        "Conv2D(padding='valid') in tensorflow; "
        "or tensorflow's 'same' padding is pad_mode='same' in nn.Conv2d in mindspore"
    )


@pytest.mark.parametrize("rank", [1, 3])
def test_padding_is_recovered_on_any_number_of_axes(rank):
    x = RNG.normal(size=(2, *(6,) * rank, 3)).astype(np.float32)
    kernel = RNG.normal(size=(*(4,) * rank, 3, 2)).astype(np.float32)
    sides = [
        seen(
            name,
            layer_forms.convolved(x, kernel, (before,) * rank, (1,) * rank, (1,) * rank, (6,) * rank),
            x,
            {"kernel": kernel},
        )
        for name, before in (("mindspore", 2), ("tensorflow", 1))
    ]
    form = output_form("conv", *sides, training=False)
    assert form is not None
    assert f"nn.Conv{rank}d" in form.advice
    assert f"keras.layers.ZeroPadding{rank}D" in form.advice


def test_another_kernel_is_no_padding():
    x = RNG.normal(size=(3, 8, 8, 4)).astype(np.float32)
    kernel = RNG.normal(size=(3, 3, 4, 2)).astype(np.float32)
    wrong = seen("mindspore", convolved(x, kernel, 1, 1, 2), x, {"kernel": kernel[::-1]}, strides=[2, 2])
    assert padding_of(wrong) is None


def test_the_two_gelus_and_the_slope_of_a_leaky_relu_are_named():
    exact = np.vectorize(lambda v: 0.5 * v * (1 + math.erf(v / math.sqrt(2))))(X)
    inner = math.sqrt(2 / math.pi) * (X + 0.044715 * X.astype(np.float64) ** 3)
    form = output_form("gelu", seen("mindspore", 0.5 * X * (1 + np.tanh(inner))), seen("tensorflow", exact), False)
    assert form is not None
    assert form.cause == "gelu: mindspore computes the tanh approximation, tensorflow the error function"
    leaky = [seen(name, np.where(X > 0, X, slope * X)) for name, slope in (("mindspore", 0.2), ("tensorflow", 0.3))]
    form = output_form("leakyrelu", *leaky, False)
    assert form is not None
    assert "the slope is 0.2 in mindspore, 0.3 in tensorflow" in form.cause


@pytest.mark.parametrize("alphas", [(1.0, 0.3), (0.25, 1.0)])
def test_the_scale_of_an_elu_is_named(alphas):
    sides = [
        seen(name, np.where(X > 0, X, alpha * np.expm1(X)))
        for name, alpha in zip(("mindspore", "tensorflow"), alphas, strict=True)
    ]
    form = output_form("elu", *sides, False)
    assert form is not None
    assert f"the factor is {alphas[0]:g} in mindspore, {alphas[1]:g} in tensorflow" in form.cause
    assert f"nn.ELU(alpha={alphas[1]:g}) equals keras.layers.ELU(alpha={alphas[1]:g})" in form.advice


@pytest.mark.parametrize(
    ("of_a", "of_b", "told"),
    [
        (
            lambda x: np.where(x > 0, x, 0.2 * x),
            lambda x: np.where(x > 0, x, 0.3 * x),
            "the slope is 0.2 in mindspore, 0.3",
        ),
        (lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, x, 0.01 * x), "the slope is 0 in mindspore, 0.01"),
        (
            lambda x: np.where(x > 0, x, np.expm1(x)),
            lambda x: np.where(x > 0, x, 0.5 * np.expm1(x)),
            "the factor is 1 in",
        ),
        (np.tanh, lambda x: x / (1 + np.abs(x)), None),
        (np.abs, lambda x: 2 * np.abs(x), None),
        (lambda x: 2 * x, lambda x: 3 * x, None),
    ],
    ids=["slopes", "relu", "elu", "others", "abs", "factors"],
)
def test_activations_are_named_whatever_computes_them(of_a, of_b, told):
    form = between_operations(seen("mindspore", of_a(X)), seen("tensorflow", of_b(X)))
    assert (form is None) == (told is None)
    assert told is None or told in form.cause
    pooled = seen("mindspore", of_a(X)[:, ::2])
    assert between_operations(pooled, seen("tensorflow", of_b(X)[:, ::2])) is None
