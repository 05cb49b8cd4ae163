"""One small model of many layers, trained a few steps in every mode: weights, statistics and losses move alike.

In float64 a statistic that moved twice a step, or not at all, is off by a tenth; in float32 just the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import layer_runs
import numpy as np
import pytest
from selected import selected

from harness.judging.tolerances import STRICT, pooled_error
from harness.records.step_columns import WATCHED, columns
from harness.spec.arm import Arm
from harness.spec.model import Model
from harness.spec.recipe import Recipe

DRAWN = {"kind": "normal", "stddev": 0.5}
CONVOLVED = {"kernel_size": [3, 3], "padding": "same", "bias_initializer": DRAWN}
MODEL = Model.model_validate(
    {
        "input": {"shape": [6, 4, 2]},
        "layers": [
            # As many filters as the image is wide: a bias along another axis than the channels would fit.
            {"kind": "conv2d", "filters": 4, "activation": "softmax", "kernel_initializer": DRAWN, **CONVOLVED},
            {"kind": "depthwise_conv2d", "multiplier": 2, "depthwise_initializer": DRAWN, **CONVOLVED},
            {"kind": "batch_norm", "momentum": 0.9},
            {
                "kind": "residual",
                "layers": [
                    {
                        "kind": "separable_conv2d",
                        "filters": 8,
                        "depthwise_initializer": DRAWN,
                        "pointwise_initializer": DRAWN,
                        **CONVOLVED,
                    },
                    {"kind": "batch_norm", "momentum": 0.8, "center": False},
                    {"kind": "dropout", "rate": 0.25},
                ],
            },
            {
                "kind": "parallel",
                "join": "add",
                "branches": [
                    [
                        {"kind": "conv2d", "filters": 8, "groups": 2, "kernel_initializer": DRAWN, **CONVOLVED},
                        {"kind": "batch_norm", "momentum": 0.7},
                        {"kind": "stochastic_depth", "rate": 0.25},
                    ],
                    [{"kind": "group_norm", "groups": 4}, {"kind": "dropout", "rate": 0.25}],
                ],
            },
            {"kind": "conv2d_transpose", "filters": 8, "strides": [1, 2], "kernel_initializer": DRAWN, **CONVOLVED},
            {"kind": "parallel", "join": "multiply", "branches": [[], ["rms_norm"]]},
            {"kind": "upsampling2d", "size": [1, 2], "interpolation": "bilinear"},
            {"kind": "zero_padding2d", "padding": [[0, 1], [1, 0]]},
            {"kind": "concatenate", "layers": ["instance_norm"]},
            {"kind": "max_pool2d", "pool_size": [2, 2], "strides": [2, 1], "padding": "same"},
            "layer_norm",
            {"kind": "average_pool2d", "pool_size": [2, 2], "strides": [2, 2], "padding": "same"},
            {"kind": "reshape", "target_shape": [18, 16]},
            {"kind": "conv1d", "filters": 2, "kernel_size": 3, "kernel_initializer": DRAWN},
            "flatten",
            {"kind": "dropout", "rate": 0.5},
            {"kind": "dense", "units": 3, "kernel_initializer": DRAWN},
        ],
    }
)
RECIPE = Recipe.model_validate(
    {
        "model": MODEL,
        "loss": "softmax_cross_entropy",
        "update": {"optimizer": "sgd", "schedule": {"kind": "constant", "rate": 0.125}},
    }
)
STEPS, BATCH, SAMPLES = 3, 5, 12
ARMS = {
    "mindspore": [
        Arm(name="jit", adapter="mindspore", mode="jit"),
        Arm(name="pynative", adapter="mindspore", mode="pynative"),
        Arm(name="jit64", adapter="mindspore", mode="jit", precision="float64"),
    ],
    "tensorflow": [
        Arm(name="graph", adapter="tensorflow", mode="graph"),
        Arm(name="graph_first", adapter="tensorflow", mode="graph", layout="channels_first"),
        Arm(name="eager", adapter="tensorflow", mode="eager"),
        Arm(name="graph64", adapter="tensorflow", mode="graph", precision="float64"),
    ],
}
AT_NIGHT = ("pynative", "eager", "jit64")
EVERY = [
    pytest.param(arm, marks=pytest.mark.nightly if arm.name in AT_NIGHT else [], id=arm.name)
    for arms in ARMS.values()
    for arm in arms
]
STATISTICS = [p.name for p in MODEL.parameters() if not p.trainable]


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any]
) -> dict[str, layer_runs.Run]:
    given = layer_runs.drawn(RECIPE, SAMPLES, BATCH, STEPS)
    tested = selected(request, "arm")
    by_framework = {framework: [arm for arm in arms if arm in tested] for framework, arms in ARMS.items()}
    reference = [
        Arm(name=precision, adapter="reference", mode="numpy", precision=precision)
        for precision in ("float64", "float32")
    ]
    return {
        **layer_runs.trained(reference, *given),
        **in_mindspore(layer_runs.trained, by_framework["mindspore"][1:], *given),
        **in_mindspore(layer_runs.trained_with_large_tensors, by_framework["mindspore"][:1], *given),
        **in_tensorflow(layer_runs.trained, by_framework["tensorflow"], *given),
    }


@pytest.mark.parametrize("arm", EVERY)
def test_weights_come_back_as_they_went_in(runs: dict[str, layer_runs.Run], arm: Arm) -> None:
    _, weights, *_ = layer_runs.drawn(RECIPE, SAMPLES, BATCH, STEPS)
    assert list(runs[arm.name].before) == list(weights)
    for name, value in weights.items():
        assert runs[arm.name].before[name].dtype == arm.precision
        np.testing.assert_array_equal(runs[arm.name].before[name], value)


def test_the_statistics_move_far_at_every_step(runs: dict[str, layer_runs.Run]) -> None:
    """So that what follows would see one move too many or too few."""
    reference = runs["float64"]
    kept = ("batch_norm_1", "residual_1/batch_norm_1", "parallel_1/branch_1/batch_norm_1")
    assert [f"{name}/moving_{what}" for name in kept for what in ("mean", "variance")] == STATISTICS
    for name in STATISTICS:
        assert np.abs(reference.after[name] - reference.before[name]).max() > 0.01


@pytest.mark.parametrize("arm", EVERY)
def test_all_move_as_the_reference_does(runs: dict[str, layer_runs.Run], arm: Arm) -> None:
    found, reference = flat(runs[arm.name]), flat(runs["float64"])
    assert list(found) == list(reference)
    tolerances = pooled_error(reference, flat(runs["float32"]), np.dtype(arm.precision).type)
    for name, value in reference.items():
        bound = STRICT * np.abs(value).max() if arm.precision == "float64" else tolerances[name].bound
        assert np.all(np.abs(found[name] - value) <= bound), name


def flat(run: layer_runs.Run) -> dict[str, Any]:
    return {**run.after, "losses": run.losses, "outputs": run.outputs}


@pytest.mark.parametrize("arm", EVERY)
def test_layers_give_what_those_of_the_reference_do(runs: dict[str, layer_runs.Run], arm: Arm) -> None:
    found, reference = runs[arm.name].layers, runs["float64"].layers
    assert list(found) == list(reference) == [placed.name for placed in MODEL.placed_layers()]
    tolerances = pooled_error(reference, runs["float32"].layers, np.dtype(arm.precision).type)
    for name, value in reference.items():
        assert found[name].dtype == arm.precision
        assert found[name].shape == value.shape
        bound = STRICT * np.abs(value).max() if arm.precision == "float64" else tolerances[name].bound
        assert np.all(np.abs(found[name] - value) <= bound), name


@pytest.mark.parametrize("what", ["watched", "shorter"])
@pytest.mark.parametrize("arm", EVERY)
def test_every_step_tells_what_the_reference_does(runs: dict[str, layer_runs.Run], arm: Arm, what: str) -> None:
    found, reference = digests(runs[arm.name], what), digests(runs["float64"], what)
    assert getattr(runs[arm.name], what).dtype == arm.precision
    tolerances = pooled_error(reference, digests(runs["float32"], what), np.dtype(arm.precision).type)
    # A gradient may be nothing but rounding beside the others.
    kinds = {name: name.partition("/")[0] for name in reference}
    largest = {kind: max(np.abs(v).max() for n, v in reference.items() if kinds[n] == kind) for kind in WATCHED}
    for name, value in reference.items():
        bound = STRICT * largest[kinds[name]] if arm.precision == "float64" else tolerances[name].bound
        assert found[name].shape == (STEPS if what == "watched" else 1,)
        assert np.all(np.abs(found[name] - value) <= bound), name


def test_no_two_digests_of_the_reference_are_alike(runs: dict[str, layer_runs.Run]) -> None:
    """So that one column taken for another would be seen; without a clipping, a clipped norm is the norm."""
    series = [tuple(each) for name, each in digests(runs["float64"]).items() if not name.startswith("clipped_norm/")]
    assert len(set(series)) == len(series)


@pytest.mark.parametrize("arm", EVERY)
def test_a_trainer_starts_anew(runs: dict[str, layer_runs.Run], arm: Arm) -> None:
    run = runs[arm.name]
    losses, watched, weights = run.again
    assert losses.tobytes() == run.losses.tobytes()
    assert watched.tobytes() == run.watched.tobytes()
    assert all(weights[name].tobytes() == value.tobytes() for name, value in run.after.items())


def digests(run: layer_runs.Run, what: str = "watched") -> dict[str, Any]:
    return dict(zip(columns(MODEL, WATCHED), getattr(run, what).T, strict=True))
