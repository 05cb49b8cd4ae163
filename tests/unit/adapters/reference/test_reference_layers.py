"""The reference's layers: against loops written here, and their gradients against central differences."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.reference.layers import apply, within
from harness.plan import draw_weights
from harness.spec import layers as spec
from harness.spec.initializers import Normal
from harness.spec.layers.base import Padding, Pair, padded, places
from harness.spec.model import Model, PlacedLayer, place
from harness.spec.vocabulary import specimens

EPS = float(np.finfo(np.float64).eps)
DRAWN = Normal(stddev=1.0)
SAMPLES = 3
# Numbers of size 1, each a sum of fewer than 200 products, through at most four layers.
ROUNDING = 4 * 200 * EPS


def placed(word: spec.Layer, shape: tuple[int, ...] | None = None) -> PlacedLayer:
    return place((word,), shape or word.specimen_shape())[0]


def given_to(where: PlacedLayer, seed: int = 0, count: int = SAMPLES) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    weights = {p.name: rng.normal(size=p.shape) for p in where.parameters}
    weights = {name: np.abs(w) + 0.5 if name.endswith("variance") else w for name, w in weights.items()}
    return {
        "own": within(where, weights),
        "x": rng.normal(size=(count, *where.input_shape)),
        "noise": within(where, {n.name: (rng.random((count, *n.shape)) < 0.7) * 1.0 for n in where.noise}),
    }


def in_both_modes() -> list[Any]:
    layers: Any = specimens("layer")
    return [pytest.param(w, t, id=f"{w.name_in_tables}-{t}") for w, t in product(layers, (True, False))]


# --- Gradients -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "training"), in_both_modes())
def test_tensors_between_layers_hold_each_number_once(word: spec.Layer, training: bool) -> None:
    """NumPy gives a broadcast view (strides of 0) not to BLAS but to a loop of its own, 9 times as slow."""
    where = placed(word)
    arrays = given_to(where)
    applied = apply(where, arrays["own"], arrays["x"], arrays["noise"], training)
    dx, _ = applied.pullback(np.ones(applied.y.shape))
    for tensor in (applied.y, dx):
        assert all(stride or size == 1 for stride, size in zip(tensor.strides, tensor.shape, strict=True))


@pytest.mark.parametrize(("word", "training"), in_both_modes())
def test_every_gradient_is_the_central_difference(word: spec.Layer, training: bool) -> None:
    where = placed(word)
    arrays = given_to(where)
    rng = np.random.default_rng(7)
    upstream = rng.normal(size=(SAMPLES, *where.output_shape))
    applied = apply(where, arrays["own"], arrays["x"], arrays["noise"], training)
    dx, learned = applied.pullback(upstream)
    trainable = {p.name.removeprefix(f"{where.name}/") for p in where.parameters if p.trainable}
    assert set(learned) == trainable
    assert applied.y.shape == upstream.shape

    step = 1e-4
    for name, gradient in {"x": dx, **learned}.items():
        value = arrays["x"] if name == "x" else arrays["own"][name]
        assert gradient.shape == value.shape
        direction = rng.normal(size=value.shape)

        def moved(by: float, name: str = name, value: Any = value, direction: Any = direction) -> float:
            there = value + by * direction
            own = arrays["own"] if name == "x" else {**arrays["own"], name: there}
            y = apply(where, own, there if name == "x" else arrays["x"], arrays["noise"], training).y
            return float((y * upstream).sum())

        coarse = (moved(2 * step) - moved(-2 * step)) / (4 * step)
        fine = (moved(step) - moved(-step)) / (2 * step)
        wanted = float((gradient * direction).sum())
        # Their difference is three times the truncation error of the finer; sums of 200 numbers lose some EPS each.
        slack = abs(coarse - fine) + 200 * EPS * max(1.0, abs(moved(0.0)), np.abs(upstream).sum()) / step
        assert abs(wanted - fine) <= slack, name
        assert slack < 1e-5 * max(1.0, np.abs(gradient).sum()), "a quotient this rough proves nothing"


@pytest.mark.parametrize(("word", "training"), in_both_modes())
def test_float32_stays_float32(word: spec.Layer, training: bool) -> None:
    where = placed(word)
    arrays = given_to(where)
    own, noise = ({name: value.astype(np.float32) for name, value in arrays[key].items()} for key in ("own", "noise"))
    applied = apply(where, own, arrays["x"].astype(np.float32), noise, training)
    dx, learned = applied.pullback(applied.y)
    everything = [applied.y, dx, *learned.values(), *applied.state.values()]
    assert {value.dtype for value in everything} == {np.dtype(np.float32)}


# --- Convolutions and pooling against loops --------------------------------------------------------------------------


def plain_windows(x: Any, window: Pair, strides: Pair, dilation: Pair, padding: Padding) -> dict[tuple[int, int], Any]:
    """By row and column of the output: the cells of the window as ((i, j), values (batch, channels))."""
    size = x.shape[1:3]
    counts = [places(*each, padding) for each in zip(size, window, strides, dilation, strict=True)]
    before = [padded(*each, padding)[0] for each in zip(size, window, strides, dilation, strict=True)]
    found = {}
    for row, column in np.ndindex(*counts):
        cells = []
        for i, j in np.ndindex(*window):
            y, z = row * strides[0] + i * dilation[0] - before[0], column * strides[1] + j * dilation[1] - before[1]
            if 0 <= y < size[0] and 0 <= z < size[1]:
                cells.append(((i, j), x[:, y, z]))
        found[row, column] = cells
    return found


@st.composite
def windows(draw: Any) -> tuple[tuple[int, ...], dict[str, Any]]:
    """An image's shape and windows of which at least one fits."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    window, strides = draw(pair), draw(pair)
    dilation, padding = draw(st.tuples(st.integers(1, 2), st.integers(1, 2))), draw(st.sampled_from(["valid", "same"]))
    reach = [(w - 1) * d + 1 for w, d in zip(window, dilation, strict=True)]
    shape = (*(r + draw(st.integers(0, 4)) for r in reach), draw(st.integers(1, 3)))
    return shape, {"strides": strides, "padding": padding, "dilation": dilation, "window": window}


@settings(max_examples=60, deadline=None)
@given(windows(), st.integers(1, 3), st.booleans())
def test_conv2d_is_the_loop(drawn: Any, filters: int, use_bias: bool) -> None:
    shape, said = drawn
    window = said.pop("window")
    word = spec.Conv2d(filters=filters, kernel_size=window, kernel_initializer=DRAWN, use_bias=use_bias, **said)
    where = placed(word, shape)
    arrays = given_to(where)
    y = apply(where, arrays["own"], arrays["x"], {}, True).y
    assert y.shape == (SAMPLES, *where.output_shape)
    for (row, column), cells in plain_windows(arrays["x"], window, **said).items():
        wanted = sum(values @ arrays["own"]["kernel"][i, j] for (i, j), values in cells)
        wanted = wanted + arrays["own"]["bias"] if use_bias else wanted
        assert np.abs(y[:, row, column] - wanted).max() <= ROUNDING


@settings(max_examples=40, deadline=None)
@given(windows(), st.integers(1, 3))
def test_depthwise_and_separable_are_the_loop(drawn: Any, multiplier: int) -> None:
    shape, said = drawn
    window = said.pop("window")
    common = {"kernel_size": window, "multiplier": multiplier, "depthwise_initializer": DRAWN, "use_bias": False}
    depthwise = placed(spec.DepthwiseConv2d(**common, **said), shape)
    separable = placed(spec.SeparableConv2d(filters=2, pointwise_initializer=DRAWN, **common, **said), shape)
    arrays = given_to(separable)
    kernel, mixing = arrays["own"]["depthwise_kernel"], arrays["own"]["pointwise_kernel"][0, 0]
    y = apply(depthwise, {"depthwise_kernel": kernel}, arrays["x"], {}, True).y
    mixed = apply(separable, arrays["own"], arrays["x"], {}, True).y
    for (row, column), cells in plain_windows(arrays["x"], window, **said).items():
        wanted = sum(values[:, :, None] * kernel[i, j] for (i, j), values in cells).reshape(SAMPLES, -1)
        assert np.abs(y[:, row, column] - wanted).max() <= ROUNDING
        assert np.abs(mixed[:, row, column] - wanted @ mixing).max() <= ROUNDING * multiplier


@settings(max_examples=40, deadline=None)
@given(windows())
def test_pooling_is_the_loop(drawn: Any) -> None:
    shape, said = drawn
    pooled = {"pool_size": said["window"], "strides": said["strides"], "padding": said["padding"]}
    largest, average = placed(spec.MaxPool2d(**pooled), shape), placed(spec.AveragePool2d(**pooled), shape)
    x = given_to(largest)["x"]
    values = apply(largest, {}, x, {}, True).y
    means = apply(average, {}, x, {}, True).y
    cut = plain_windows(x, said["window"], said["strides"], (1, 1), said["padding"])
    assert len(cut) == values.shape[1] * values.shape[2]
    for (row, column), cells in cut.items():
        inside = np.stack([each for _, each in cells])
        assert np.array_equal(values[:, row, column], inside.max(axis=0))
        assert np.abs(means[:, row, column] - inside.mean(axis=0)).max() <= ROUNDING


def test_the_first_of_equals_gets_the_gradient() -> None:
    where = placed(spec.MaxPool2d(pool_size=(2, 2), strides=(2, 2)), (2, 4, 1))
    x = np.array([[1.0, 3, 2, 2], [3, 3, 2, 2]]).reshape(1, 2, 4, 1)
    dx, _ = apply(where, {}, x, {}, True).pullback(np.array([5.0, 7]).reshape(1, 1, 2, 1))
    assert dx.reshape(2, 4).tolist() == [[0, 5, 7, 0], [0, 0, 0, 0]]


def test_equals_over_the_whole_image_share_the_gradient() -> None:
    where = placed(spec.GlobalMaxPool2d(), (2, 2, 1))
    dx, _ = apply(where, {}, np.array([2.0, 1, 2, 0]).reshape(1, 2, 2, 1), {}, True).pullback(np.array([[6.0]]))
    assert dx.ravel().tolist() == [3, 0, 3, 0]


# --- Normalisation, dropout, residuals -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6,), (3, 4, 2)])
def test_batch_norm_keeps_biased_statistics(shape: tuple[int, ...]) -> None:
    where = placed(spec.BatchNorm(momentum=0.75, epsilon=0.5), shape)
    arrays = given_to(where)
    own, flat = arrays["own"], arrays["x"].reshape(-1, shape[-1])
    trained = apply(where, own, arrays["x"], {}, True)
    mean, variance = flat.mean(axis=0), flat.var(axis=0)  # divided by the number of values
    wanted = (flat - mean) / np.sqrt(variance + 0.5) * own["gamma"] + own["beta"]
    assert np.abs(trained.y.reshape(flat.shape) - wanted).max() <= ROUNDING
    for name, of_batch in {"moving_mean": mean, "moving_variance": variance}.items():
        assert np.abs(trained.state[name] - (0.75 * own[name] + 0.25 * of_batch)).max() <= ROUNDING
    evaluated = apply(where, own, arrays["x"], {}, False)
    wanted = (flat - own["moving_mean"]) / np.sqrt(own["moving_variance"] + 0.5) * own["gamma"] + own["beta"]
    assert np.abs(evaluated.y.reshape(flat.shape) - wanted).max() <= ROUNDING
    assert evaluated.state == {}


def test_layer_norm_is_over_the_last_axis_of_each_sample() -> None:
    where = placed(spec.LayerNorm(epsilon=0.5, center=False, scale=False), (3, 4, 6))
    x = given_to(where)["x"]
    wanted = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 0.5)
    assert np.abs(apply(where, {}, x, {}, True).y - wanted).max() <= ROUNDING


def test_dropout_scales_what_it_keeps() -> None:
    where = placed(spec.Dropout(rate=0.75), (4,))
    x, mask = np.array([[1.0, 2, 3, 4]]), np.array([[0.0, 1, 0, 1]])
    applied = apply(where, {}, x, {"mask": mask}, True)
    assert applied.y.tolist() == [[0, 8, 0, 16]]
    assert applied.pullback(x)[0].tolist() == [[0, 8, 0, 16]]
    assert apply(where, {}, x, {}, False).y.tolist() == x.tolist()


def test_a_residual_is_the_input_plus_its_layers() -> None:
    inner = (
        spec.Conv2d(filters=2, kernel_size=(3, 3), padding="same", kernel_initializer=DRAWN),
        spec.BatchNorm(momentum=0.5),
        spec.Dropout(rate=0.5, name="thin"),
    )
    where = placed(spec.Residual(layers=inner), (4, 5, 2))
    names = ["conv2d_1/kernel", "conv2d_1/bias", *(f"batch_norm_1/{n}" for n in ("gamma", "beta"))]
    names += [f"batch_norm_1/moving_{n}" for n in ("mean", "variance")]
    assert [p.name for p in where.parameters] == [f"residual_1/{name}" for name in names]
    assert [p.name for each in where.inner for p in each.parameters] == [p.name for p in where.parameters]
    assert [n.name for n in where.noise] == ["residual_1/thin/mask"]
    arrays = given_to(where)
    y, applied = arrays["x"], apply(where, arrays["own"], arrays["x"], arrays["noise"], True)
    weights = {f"residual_1/{name}": value for name, value in arrays["own"].items()}
    noise = {f"residual_1/{name}": value for name, value in arrays["noise"].items()}
    for each in where.inner:
        y = apply(each, within(each, weights), y, within(each, noise), True).y
    assert np.array_equal(applied.y, arrays["x"] + y)
    assert set(applied.state) == {"batch_norm_1/moving_mean", "batch_norm_1/moving_variance"}


# --- What fits -------------------------------------------------------------------------------------------------------

CONV = {"kind": "conv2d", "filters": 2, "kernel_size": [3, 3], "kernel_initializer": "he_normal"}


@pytest.mark.parametrize(
    ("shape", "layer", "said"),
    [
        ((2, 9, 1), CONV, "conv2d with padding=valid reaches over 3 x 3 cells, the image has 2 x 9"),
        ((4, 9, 1), {**CONV, "dilation": [2, 1]}, "reaches over 5 x 3 cells, the image has 4 x 9"),
        ((9,), CONV, r"conv2d takes images \(height, width, channels\), got \(9,\)"),
        ((9,), "global_average_pool2d", "global_average_pool2d takes images"),
        ((3, 4), {"kind": "reshape", "target_shape": [5, 2]}, r"takes 10 values, \(3, 4\) has 12"),
        ((5, 5, 1), {"kind": "residual", "layers": [CONV]}, r"keep the shape, got \(5, 5, 1\) in and \(3, 3, 2\) out"),
        (
            (5, 5, 1),
            {"kind": "residual", "layers": [{"kind": "residual", "layers": [CONV]}]},
            "tag: 'residual'|tag 'res",
        ),
        ((5, 5, 1), {"kind": "dropout", "rate": 1.0}, "less than 1"),
    ],
)
def test_what_does_not_fit_is_refused(shape: tuple[int, ...], layer: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Model.model_validate({"input": {"shape": shape}, "layers": [layer]})


def test_shapes_and_counts_of_a_small_network() -> None:
    """LeNet-like, counted by hand: 28 - 5 + 1 = 24, 24 - 3 + 1 = 22, 22 / 2 = 11, 11 * 11 * 8 = 968."""
    layers = [
        {**CONV, "filters": 4, "kernel_size": [5, 5]},
        {**CONV, "filters": 8},
        {"kind": "max_pool2d", "pool_size": [2, 2], "strides": [2, 2]},
        "flatten",
        {"kind": "dense", "units": 10, "kernel_initializer": "he_normal"},
    ]
    model = Model.model_validate({"input": {"shape": [28, 28, 1]}, "layers": layers})
    shapes = [each.output_shape for each in model.placed_layers()]
    assert shapes == [(24, 24, 4), (22, 22, 8), (11, 11, 8), (968,), (10,)]
    assert model.parameter_count == 5 * 5 * 4 + 4 + 3 * 3 * 4 * 8 + 8 + 968 * 10 + 10
    assert model.multiply_adds == 24 * 24 * 4 * 25 + 22 * 22 * 8 * 9 * 4 + 968 * 10
    assert {name: w.shape for name, w in draw_weights(model, 0).items()} == {
        p.name: p.shape for p in model.parameters()
    }


@pytest.mark.parametrize(
    ("size", "window", "stride", "dilation", "wanted"),
    [(5, 3, 1, 1, (1, 1)), (5, 2, 1, 1, (0, 1)), (6, 3, 2, 1, (0, 1)), (7, 3, 2, 1, (1, 1)), (5, 3, 1, 2, (2, 2))],
)
def test_padding_by_hand(size: int, window: int, stride: int, dilation: int, wanted: tuple[int, int]) -> None:
    assert padded(size, window, stride, dilation, "same") == wanted
    assert places(size, window, stride, dilation, "same") == -(-size // stride)
