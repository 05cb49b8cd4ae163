"""A network small enough to count by hand, as each framework made it: 3 inputs, 4 hidden units, 2 outputs.

3 * 4 + 4 and 4 * 2 + 2 are 26 parameters; 3 * 4 and 4 * 2 are 20 multiply-adds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import through_adapter

from harness.spec.arm import Arm
from harness.spec.model import Model

MODEL = Model.model_validate(
    {
        "input": {"shape": [3]},
        "layers": [
            {"kind": "dense", "units": 4, "activation": "relu", "kernel_initializer": "he_normal"},
            {"kind": "dense", "units": 2, "kernel_initializer": "xavier_uniform"},
        ],
    }
)
SHAPES = {"dense_1/kernel": (3, 4), "dense_1/bias": (4,), "dense_2/kernel": (4, 2), "dense_2/bias": (2,)}
# Small whole numbers, no two alike, so that every product and sum below is exact in any order.
WEIGHTS = {
    "dense_1/kernel": np.arange(1.0, 13).reshape(3, 4),
    "dense_1/bias": np.array([-20.0, -40, 5, 7]),
    "dense_2/kernel": np.arange(13.0, 21).reshape(4, 2),
    "dense_2/bias": np.array([3.0, -4]),
}
ARMS = {
    "reference": [Arm(name="reference", adapter="reference", mode="numpy", precision="float64")],
    "mindspore": [
        Arm(name="jit", adapter="mindspore", mode="jit"),
        Arm(name="pynative", adapter="mindspore", mode="pynative"),
        Arm(name="jit64", adapter="mindspore", mode="jit", precision="float64"),
    ],
    "tensorflow": [
        Arm(name="graph", adapter="tensorflow", mode="graph"),
        Arm(name="eager", adapter="tensorflow", mode="eager"),
        Arm(name="xla", adapter="tensorflow", mode="xla"),
        Arm(name="graph64", adapter="tensorflow", mode="graph", precision="float64"),
    ],
}
EVERY = [(framework, arm) for framework, arms in ARMS.items() for arm in arms]


@pytest.fixture(scope="module")
def ask(in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    here: Callable[..., Any] = lambda function, *given: function(*given)  # noqa: E731
    return {"reference": here, "mindspore": in_mindspore, "tensorflow": in_tensorflow}


@pytest.fixture(scope="module")
def realised(ask: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    return {name: ask[name](through_adapter.structures, arms, MODEL, WEIGHTS) for name, arms in ARMS.items()}


def test_the_spec_counts_the_same() -> None:
    assert (MODEL.parameter_count, MODEL.multiply_adds) == (26, 20)
    assert {p.name: p.shape for p in MODEL.parameters()} == SHAPES


@pytest.mark.parametrize(("framework", "arm"), EVERY, ids=[arm.name for _, arm in EVERY])
def test_26_parameters(realised: dict[str, Any], framework: str, arm: Arm) -> None:
    structure, _ = realised[framework][arm.name]
    assert structure.parameter_count == 26
    assert structure.parameters == tuple((name, shape, arm.precision) for name, shape in SHAPES.items())


@pytest.mark.parametrize(("framework", "arm"), EVERY, ids=[arm.name for _, arm in EVERY])
def test_weights_come_back_as_they_went_in(realised: dict[str, Any], framework: str, arm: Arm) -> None:
    _, weights = realised[framework][arm.name]
    assert list(weights) == list(WEIGHTS)
    for name, value in WEIGHTS.items():
        assert weights[name].dtype == arm.precision
        np.testing.assert_array_equal(weights[name], value)


@pytest.mark.parametrize("framework", ARMS)
def test_a_forward_pass_by_hand(ask: dict[str, Callable[..., Any]], framework: str) -> None:
    x = np.array([[1.0, 2, -1], [0, 1, 1]])
    hidden = np.maximum(x @ WEIGHTS["dense_1/kernel"] + WEIGHTS["dense_1/bias"], 0)
    assert hidden.tolist() == [[0, 0, 11, 15], [0, 0, 23, 27]]
    expected = hidden @ WEIGHTS["dense_2/kernel"] + WEIGHTS["dense_2/bias"]
    for output in ask[framework](through_adapter.outputs, ARMS[framework], MODEL, WEIGHTS, x).values():
        np.testing.assert_array_equal(output, expected)
