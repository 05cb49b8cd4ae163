"""The table of gates: its orders, and the conversions between a framework's parameters and the canonical ones."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.gates import (
    CANONICAL_ORDERS,
    GATES,
    base_name,
    canonical_parameters,
    gate_indices,
    gate_layout,
    native_parameters,
    reordered,
)

ROWS = [(adapter, name) for adapter, classes in GATES.items() for name in classes]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("adapter", "name"), ROWS)
def test_parameters_come_back_from_a_framework_as_they_went_in(adapter: str, name: str) -> None:
    for reset_after in (True, False):
        layout = gate_layout(adapter, name, reset_after)
        assert layout is not None
        width = len(layout.order) * 5
        pair = layout.bias in ("apart", "stacked")
        canonical = {
            "kernel": RNG.normal(size=(4, width)),
            "recurrent_kernel": RNG.normal(size=(5, width)),
            "bias": RNG.normal(size=(2, width) if pair else width),
        }
        native = native_parameters(layout, canonical)
        assert list(native) == [layout.kernel, layout.recurrent_kernel, *layout.biases]
        back = canonical_parameters(layout, native)
        assert list(back) == list(canonical)
        for key, value in canonical.items():
            np.testing.assert_array_equal(back[key], value)
        without_bias = {key: value for key, value in canonical.items() if key != "bias"}
        assert list(canonical_parameters(layout, native_parameters(layout, without_bias))) == list(without_bias)


def test_the_first_block_of_a_gru_moves_to_the_second_place() -> None:
    reset_first, update_first = GATES["mindspore"]["GRU"].order, CANONICAL_ORDERS["gru"]
    assert reset_first != update_first
    np.testing.assert_array_equal(gate_indices(2, reset_first, update_first), [2, 3, 0, 1, 4, 5])
    np.testing.assert_array_equal(reordered(np.arange(6.0), reset_first, update_first), [2, 3, 0, 1, 4, 5])


def test_summed_biases_become_their_sum() -> None:
    layout = GATES["mindspore"]["LSTM"]
    parameters = {name: np.ones((8, 2)) for name in ("weight_ih", "weight_hh")}
    biases = {"bias_ih": np.arange(8.0), "bias_hh": np.full(8, 10.0)}
    np.testing.assert_array_equal(canonical_parameters(layout, {**parameters, **biases})["bias"], np.arange(10.0, 18.0))


def test_suffixes_of_stacked_layers() -> None:
    assert base_name("weight_ih_l0") == ("weight_ih", "_l0")
    assert base_name("bias_hh_l1_reverse") == ("bias_hh", "_l1_reverse")
    assert base_name("weight_hh") == ("weight_hh", "")


def test_what_the_table_does_not_know() -> None:
    assert gate_layout("mindspore", "Dense") is None
    assert gate_layout("reference", "LSTM") is None
