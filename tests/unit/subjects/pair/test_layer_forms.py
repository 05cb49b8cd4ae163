"""Known forms are recovered from numbers alone: made here by formula, with float32 rounding."""

import math

import numpy as np
import pytest

from harness.subjects.pair.layer_forms import (
    Kept,
    Seen,
    epsilon_of,
    kept_differently,
    output_form,
    padding_of,
    recovered,
)

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
    assert (padding_of(a), padding_of(b)) == ((1, 1), (0, 0))
    form = output_form("conv", a, b, training=False)
    assert form is not None
    assert "mindspore puts 1 rows and 1 columns before the image, tensorflow 0 and 0" in form.cause
    assert "'same' is what tensorflow does" in form.advice


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
