"""The reference's branches, and layers that make images larger or normalise each sample: against loops written here.

Their gradients are held against central differences in `test_reference_layers`, for every specimen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.reference.layers import apply, within
from harness.spec import layers as spec
from harness.spec.initializers import Normal
from harness.spec.layers.base import padded
from harness.spec.model import Model, PlacedLayer, place

EPS = float(np.finfo(np.float64).eps)
DRAWN = Normal(stddev=1.0)
SAMPLES = 3
# Numbers of size 1, each a sum of fewer than 200 products, through at most four layers.
ROUNDING = 4 * 200 * EPS


def placed(word: spec.Layer, shape: tuple[int, ...]) -> PlacedLayer:
    return place((word,), shape)[0]


def drawn(where: PlacedLayer, seed: int = 0) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    """Weights and noise within the layer, and an input."""
    rng = np.random.default_rng(seed)
    weights = within(where, {p.name: rng.normal(size=p.shape) for p in where.parameters})
    weights = {name: np.abs(w) + 0.5 if name.endswith("variance") else w for name, w in weights.items()}
    noise = within(where, {n.name: (rng.random((SAMPLES, *n.shape)) < 0.7) * 1.0 for n in where.noise})
    return weights, rng.normal(size=(SAMPLES, *where.input_shape)), noise


def output(where: PlacedLayer, weights: Any, x: Any, noise: Any = None, training: bool = True) -> Any:
    return apply(where, weights, x, noise or {}, training).y


# --- Convolutions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [2, 3])
def test_a_group_of_filters_sees_its_own_channels(groups: int) -> None:
    word = spec.Conv2d(filters=2 * groups, kernel_size=(2, 3), groups=groups, kernel_initializer=DRAWN)
    where = placed(word, (4, 5, 3 * groups))
    weights, x, _ = drawn(where)
    assert weights["kernel"].shape == (2, 3, 3, 2 * groups)
    y = output(where, weights, x)
    for f in range(2 * groups):
        seen = x[..., 3 * (f // 2) : 3 * (f // 2) + 3]
        for row, column in np.ndindex(3, 3):
            window = seen[:, row : row + 2, column : column + 3]
            wanted = (window * weights["kernel"][..., f]).sum(axis=(1, 2, 3)) + weights["bias"][f]
            assert np.abs(y[:, row, column, f] - wanted).max() <= ROUNDING
    assert where.layer.multiply_adds(where.input_shape) == 3 * 3 * 2 * groups * 2 * 3 * 3


pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@settings(max_examples=60, deadline=None)
@given(pairs, pairs, st.sampled_from(["valid", "same"]), st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_a_transposed_convolution_is_the_loop(kernel: Any, strides: Any, padding: Any, size: Any) -> None:
    word = spec.Conv2dTranspose(
        filters=2, kernel_size=kernel, strides=strides, padding=padding, kernel_initializer=DRAWN
    )
    where = placed(word, (*size, 3))
    weights, x, _ = drawn(where)
    before = [padded(n * s, k, s, 1, padding)[0] for n, k, s in zip(size, kernel, strides, strict=True)]
    lengths = [
        n * s + (max(k - s, 0) if padding == "valid" else 0) for n, k, s in zip(size, kernel, strides, strict=True)
    ]
    wanted = np.zeros((SAMPLES, *lengths, 2))
    for i, j, a, b in np.ndindex(*size, *kernel):
        row, column = i * strides[0] + a - before[0], j * strides[1] + b - before[1]
        if 0 <= row < lengths[0] and 0 <= column < lengths[1]:
            wanted[:, row, column] += x[:, i, j] @ weights["kernel"][a, b].T
    assert np.abs(output(where, weights, x) - wanted - weights["bias"]).max() <= ROUNDING


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.sampled_from(["valid", "same"]))
def test_conv1d_is_the_loop(size: int, stride: int, dilation: int, padding: Any) -> None:
    word = spec.Conv1d(
        filters=2, kernel_size=size, strides=stride, dilation=dilation, padding=padding, kernel_initializer=DRAWN
    )
    where = placed(word, (7, 3))
    weights, x, _ = drawn(where)
    y = output(where, weights, x)
    before = padded(7, size, stride, dilation, padding)[0]
    for i in range(y.shape[1]):
        cells = [(k, i * stride + k * dilation - before) for k in range(size)]
        wanted = sum(x[:, at] @ weights["kernel"][k] for k, at in cells if 0 <= at < 7) + weights["bias"]
        assert np.abs(y[:, i] - wanted).max() <= ROUNDING


# --- Images made larger ----------------------------------------------------------------------------------------------


def test_zeros_lie_where_the_padding_says() -> None:
    where = placed(spec.ZeroPadding2d(padding=((1, 0), (2, 3))), (1, 1, 1))
    y = output(where, {}, np.full((1, 1, 1, 1), 7.0))
    assert y.reshape(2, 6).tolist() == [[0] * 6, [0, 0, 7, 0, 0, 0]]


def test_each_pixel_is_repeated() -> None:
    where = placed(spec.Upsampling2d(size=(1, 3)), (1, 2, 1))
    assert output(where, {}, np.array([4.0, 5]).reshape(1, 1, 2, 1)).ravel().tolist() == [4, 4, 4, 5, 5, 5]


@pytest.mark.parametrize("size", [(2, 3), (1, 4), (3, 1)])
def test_pixels_are_interpolated_between_their_centres(size: tuple[int, int]) -> None:
    where = placed(spec.Upsampling2d(size=size, interpolation="bilinear"), (3, 4, 2))
    _, x, _ = drawn(where)
    y = output(where, {}, x)
    centres = [(np.arange(n * s) + 0.5) / s - 0.5 for n, s in zip((3, 4), size, strict=True)]
    for sample, channel in np.ndindex(SAMPLES, 2):
        rows = np.array([np.interp(centres[1], np.arange(4), row) for row in x[sample, ..., channel]])
        wanted = np.array([np.interp(centres[0], np.arange(3), column) for column in rows.T]).T
        assert np.abs(y[sample, ..., channel] - wanted).max() <= ROUNDING


def test_a_pixel_by_hand() -> None:
    """Of 0 and 4, doubled: the outer pixels keep their value, those between lie at 1/4 and 3/4."""
    where = placed(spec.Upsampling2d(size=(1, 2), interpolation="bilinear"), (1, 2, 1))
    assert output(where, {}, np.array([0.0, 4]).reshape(1, 1, 2, 1)).ravel().tolist() == [0, 1, 3, 4]


# --- Normalisations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 4, 6), (5, 6), (6,)])
def test_group_norm_is_over_side_by_side_channels(shape: tuple[int, ...]) -> None:
    where = placed(spec.GroupNorm(groups=2, epsilon=0.5), shape)
    weights, x, _ = drawn(where)
    y = output(where, weights, x)
    for sample, first in ((sample, first) for sample in range(SAMPLES) for first in (0, 3)):
        group = x[sample, ..., first : first + 3]
        wanted = (group - group.mean()) / np.sqrt(group.var() + 0.5) * weights["gamma"][first : first + 3]
        wanted = wanted + weights["beta"][first : first + 3]
        assert np.abs(y[sample, ..., first : first + 3] - wanted).max() <= ROUNDING


def test_instance_norm_is_over_each_channel() -> None:
    where = placed(spec.InstanceNorm(epsilon=0.5, center=False, scale=False), (3, 4, 2))
    _, x, _ = drawn(where)
    wanted = (x - x.mean(axis=(1, 2), keepdims=True)) / np.sqrt(x.var(axis=(1, 2), keepdims=True) + 0.5)
    assert np.abs(output(where, {}, x) - wanted).max() <= ROUNDING


def test_rms_norm_does_not_centre() -> None:
    where = placed(spec.RmsNorm(epsilon=0.25), (2,))
    y = output(where, {"gamma": np.array([1.0, 10])}, np.array([[1.0, 2]]))
    assert np.abs(y - np.array([[1, 20]]) / np.sqrt(2.75)).max() <= ROUNDING


# --- Branches --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("join", "wanted"), [("add", [5, 7]), ("multiply", [6, 10]), ("concatenate", [2, 2, 3, 5])], ids=lambda each: each
)
def test_branches_are_joined(join: Any, wanted: list[float]) -> None:
    double = spec.Dense(units=2, kernel_initializer=DRAWN, use_bias=False)
    where = placed(spec.Parallel(join=join, branches=((double,), ())), (2,))
    assert [p.name for p in where.parameters] == ["parallel_1/branch_1/dense_1/kernel"]
    y = output(where, {"branch_1/dense_1/kernel": np.array([[-1.0, 4], [1, -2]])}, np.array([[3.0, 5]]))
    assert y.tolist() == [wanted]


def test_a_third_branch_counts_too() -> None:
    where = placed(spec.Parallel(join="multiply", branches=((), (), ())), (2,))
    applied = apply(where, {}, np.array([[2.0, 3]]), {}, True)
    assert applied.y.tolist() == [[8, 27]]
    assert applied.pullback(np.ones((1, 2)))[0].tolist() == [[12, 27]]


def test_names_state_and_noise_of_branches() -> None:
    branch = (
        spec.Conv2d(filters=2, kernel_size=(1, 1), kernel_initializer=DRAWN),
        spec.BatchNorm(),
        spec.Dropout(rate=0.5),
    )
    where = placed(spec.Parallel(join="add", branches=(branch, branch)), (4, 5, 2))
    assert [n.name for n in where.noise] == [f"parallel_1/branch_{n}/dropout_1/mask" for n in (1, 2)]
    assert [p.name for inner in where.inner for p in inner.parameters] == [p.name for p in where.parameters]
    assert where.outputs == 7 * 4 * 5 * 2
    weights, x, noise = drawn(where)
    applied = apply(where, weights, x, noise, True)
    kept = [f"branch_{n}/batch_norm_1/moving_{what}" for n in (1, 2) for what in ("mean", "variance")]
    assert sorted(applied.state) == kept
    by_hand = []
    for row in where.rows:
        y = x
        for inner in row:
            full = {f"parallel_1/{name}": value for name, value in {**weights, **noise}.items()}
            y = output(inner, within(inner, full), y, within(inner, full))
        by_hand.append(y)
    assert np.array_equal(applied.y, by_hand[0] + by_hand[1])


def test_concatenate_puts_the_input_first() -> None:
    dense = spec.Dense(units=1, kernel_initializer=DRAWN, use_bias=False)
    where = placed(spec.Concatenate(layers=(dense,)), (2,))
    applied = apply(where, {"dense_1/kernel": np.array([[2.0], [1]])}, np.array([[3.0, 5]]), {}, True)
    assert applied.y.tolist() == [[3, 5, 11]]
    dx, learned = applied.pullback(np.array([[1.0, 10, 100]]))
    assert dx.tolist() == [[201, 110]]
    assert learned["dense_1/kernel"].tolist() == [[300], [500]]


def test_stochastic_depth_leaves_out_whole_samples() -> None:
    where = placed(spec.StochasticDepth(rate=0.75), (2, 2))
    x, mask = np.ones((2, 2, 2)), np.array([[0.0], [1]])
    applied = apply(where, {}, x, {"mask": mask}, True)
    assert applied.y.reshape(2, 4).tolist() == [[0] * 4, [4] * 4]
    assert applied.pullback(x)[0].tolist() == applied.y.tolist()
    assert output(where, {}, x, training=False).tolist() == x.tolist()
    assert where.noise[0].shape == (1,)


# --- What fits -------------------------------------------------------------------------------------------------------

TWO = {"kind": "dense", "units": 2, "kernel_initializer": "he_normal"}
CONV = {"kind": "conv2d", "filters": 3, "kernel_size": [3, 3], "kernel_initializer": "he_normal"}


@pytest.mark.parametrize(
    ("shape", "layer", "said"),
    [
        (
            (5, 5, 1),
            {"kind": "parallel", "join": "add", "branches": [[CONV], []]},
            r"to add branches their shapes must be alike, got \(3, 3, 3\) from branch_1 and \(5, 5, 1\) from branch_2",
        ),
        (
            (5, 5, 1),
            {"kind": "parallel", "join": "concatenate", "branches": [[], [{**CONV, "padding": "same"}], [CONV]]},
            r"all axes but the last must be alike, got \(5, 5, 1\) from branch_1 and \(3, 3, 3\) from branch_3",
        ),
        (
            (5, 5, 1),
            {"kind": "concatenate", "layers": [CONV]},
            r"got \(5, 5, 1\) from the input and \(3, 3, 3\) from the last layer",
        ),
        (
            (2, 9, 1),
            {"kind": "parallel", "join": "add", "branches": [[], [CONV]]},
            r"layer 0 \(branch_2/conv2d_1\): conv2d with padding=valid reaches over 3 x 3 cells",
        ),
        ((5,), {"kind": "parallel", "join": "add", "branches": [[]]}, "at least 2 items"),
        ((5,), {"kind": "parallel", "join": "sum", "branches": [[], []]}, "'add', 'multiply' or 'concatenate'"),
        ((5, 5, 2), {**CONV, "groups": 2}, "into 2 groups, got 2 channels and 3 filters"),
        ((5, 5, 4), {**CONV, "groups": 3}, "into 3 groups, got 4 channels and 3 filters"),
        ((5, 5, 4), {"kind": "group_norm", "groups": 3}, r"into 3 groups, \(5, 5, 4\) has 4"),
        ((4,), {"kind": "group_norm", "groups": 4}, r"several values in each group, got 1 in an input of \(4,\)"),
        ((4,), "instance_norm", r"several values in each group, got 1 in an input of \(4,\)"),
        ((4,), {"kind": "upsampling2d", "size": [2, 2]}, r"upsampling2d takes images \(height, width, channels\)"),
        ((4, 4, 1), {"kind": "upsampling2d", "size": [1, 1]}, "leaves the image as it is"),
        ((4,), {"kind": "zero_padding2d", "padding": [[1, 1], [0, -1]]}, "greater than or equal to 0"),
        ((4, 4, 1), {**CONV, "kind": "conv1d", "kernel_size": 3}, r"conv1d takes sequences \(length, channels\)"),
        ((2, 1), {**CONV, "kind": "conv1d", "kernel_size": 3}, "reaches over 3 cells, the sequence has 2"),
        ((5, 5, 1), {"kind": "stochastic_depth", "rate": 1.0}, "less than 1"),
    ],
)
def test_what_does_not_fit_is_refused(shape: tuple[int, ...], layer: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Model.model_validate({"input": {"shape": shape}, "layers": [layer]})


def test_a_residual_may_hold_branches() -> None:
    squeeze = {"kind": "parallel", "join": "multiply", "branches": [[], [TWO]]}
    model = Model.model_validate({"input": {"shape": [2]}, "layers": [{"kind": "residual", "layers": [squeeze]}]})
    names = [f"residual_1/parallel_1/branch_2/dense_1/{what}" for what in ("kernel", "bias")]
    assert [p.name for p in model.parameters()] == names
    (where,) = model.placed_layers()
    weights, x, _ = drawn(where)
    gate = x @ weights["parallel_1/branch_2/dense_1/kernel"] + weights["parallel_1/branch_2/dense_1/bias"]
    assert np.abs(output(where, weights, x) - (x + x * gate)).max() <= ROUNDING
