"""Layers over sequences: their shapes, parameters and sizes, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from harness.plan import draw_weights
from harness.spec.activations import Sigmoid, Softmax, Tanh
from harness.spec.model import Model
from harness.spec.vocabulary import parse

XAVIER = {"kernel_initializer": "xavier_uniform"}
RECURRENT = {**XAVIER, "recurrent_initializer": "orthogonal", "units": 5}
ATTENTION = {"kind": "multi_head_attention", "heads": 2, "key_size": 3, **XAVIER}


def model(shape: list[int], *layers: Any) -> Model:
    return Model.model_validate({"input": {"shape": shape}, "layers": list(layers)})


def refusal(shape: list[int], *layers: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        model(shape, *layers)
    return str(caught.value)


@pytest.mark.parametrize(
    ("stated", "sizes"),
    [
        ({"kind": "simple_rnn"}, [(3, 5), (5, 5), (5,)]),
        ({"kind": "lstm"}, [(3, 20), (5, 20), (20,)]),
        ({"kind": "gru"}, [(3, 15), (5, 15), (2, 15)]),
        ({"kind": "gru", "reset": "before"}, [(3, 15), (5, 15), (15,)]),
        ({"kind": "gru", "use_bias": False}, [(3, 15), (5, 15)]),
    ],
)
def test_parameters_of_recurrent_layers(stated: Any, sizes: list[Any]) -> None:
    word = parse("layer", {**RECURRENT, **stated})
    assert [p.shape for p in word.parameters((4, 3))] == sizes
    assert word.output_shape((4, 3)) == (5,)
    assert word.model_copy(update={"return_sequences": True}).output_shape((4, 3)) == (4, 5)
    gates = sizes[0][1] // 5
    assert word.multiply_adds((4, 3)) == 4 * gates * 5 * (3 + 5)
    assert word.computed_within((4, 3)) == 4 * (2 * gates + 1) * 5


@pytest.mark.parametrize("kind", ["simple_rnn", "lstm", "gru", "multi_head_attention", "position_embedding"])
def test_images_are_refused_with_the_shape_that_is_wanted(kind: str) -> None:
    stated = {
        "multi_head_attention": ATTENTION,
        "position_embedding": {"kind": kind, "embeddings_initializer": "zeros"},
    }.get(kind, {"kind": kind, **RECURRENT})
    said = refusal([28, 28, 2], stated)
    assert f"layer 0 ({kind}_1): {kind} takes sequences (steps, features), got (28, 28, 2)" in said
    assert "a reshape with target_shape=[28, 56] before it makes each row of an image one step" in said
    assert "takes sequences (steps, features), got (9,)" in refusal([9], stated)
    rows = {"kind": "reshape", "target_shape": [28, 56]}
    assert model([28, 28, 2], rows, stated).placed_layers()[-1].input_shape == (28, 56)


def test_activations_of_gates() -> None:
    said = refusal([4, 3], {"kind": "lstm", **RECURRENT, "recurrent_activation": "gelu"})
    assert "takes one of the activations tanh, sigmoid, relu, hard_sigmoid, linear, got gelu" in said
    words = model([4, 3], {"kind": "lstm", **RECURRENT}).words()
    assert {Tanh(), Sigmoid()} <= set(words)


def test_sizes_of_an_attention() -> None:
    placed = model([4, 5], {**ATTENTION, "value_size": 7, "dropout": 0.5}).placed_layers()[0]
    assert {p.name.rpartition("/")[2]: p.shape for p in placed.parameters} == {
        "query_kernel": (5, 2, 3),
        "query_bias": (2, 3),
        "key_kernel": (5, 2, 3),
        "key_bias": (2, 3),
        "value_kernel": (5, 2, 7),
        "value_bias": (2, 7),
        "output_kernel": (2, 7, 5),
        "output_bias": (5,),
    }
    assert [noise.shape for noise in placed.noise] == [(2, 4, 4)]
    # Three projections and the output's of 4 steps, then scores and their mean of the values, both 4 x 4 for each head.
    products = 4 * 5 * (6 + 6 + 14) + 4 * 14 * 5 + 2 * 4 * 4 * (3 + 7)
    assert placed.layer.multiply_adds((4, 5)) == products
    # Queries, keys, values and their means, scores, and their softmax before and after dropout; then the output.
    assert placed.outputs == 2 * 4 * (3 + 3 + 7 + 7 + 3 * 4) + 4 * 5
    assert Softmax() in model([4, 5], ATTENTION).words()


def test_kernels_of_heads_are_drawn_as_the_matrix_of_all_heads() -> None:
    found = draw_weights(model([4, 50], {**ATTENTION, "heads": 10, "key_size": 20}), 0)
    for name, fan_in, fan_out in (("query_kernel", 50, 200), ("output_kernel", 200, 50)):
        values = found[f"multi_head_attention_1/{name}"]
        bound = np.sqrt(6 / (fan_in + fan_out))
        assert 0.99 * bound < np.abs(values).max() <= bound


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        ([[1, 0], [1, 1]], "the mask has 2 x 2 entries, the sequence has 3 steps, which takes 3 x 3"),
        ([[1, 0, 1], [1, 1, 1]], "a mask has as many columns as rows, got 2 rows of [3]"),
        ([[1, 0, 0], [0, 0, 0], [1, 1, 1]], "a mask lets every step look at one at least, got rows of zeros: [1]"),
    ],
)
def test_masks_of_the_wrong_shape(mask: Any, said: str) -> None:
    assert said in refusal([3, 5], {**ATTENTION, "mask": mask})


def test_what_a_step_may_look_at() -> None:
    assert parse("layer", ATTENTION).allowed(3) is None
    assert parse("layer", {**ATTENTION, "mask": "causal"}).allowed(3) == ((1, 0, 0), (1, 1, 0), (1, 1, 1))


def test_permuted_axes() -> None:
    assert model([4, 5, 3], {"kind": "permute", "axes": [2, 3, 1]}).output_shape == (5, 3, 4)
    assert "must hold each of 1 to 2 once, got [2, 2]" in refusal([4, 3], {"kind": "permute", "axes": [2, 2]})
    assert "takes 2 axes, (4, 5, 3) has 3" in refusal([4, 5, 3], {"kind": "permute", "axes": [2, 1]})


def test_a_dense_layer_of_every_step() -> None:
    placed = model([4, 3], {"kind": "dense", "units": 6, **XAVIER}).placed_layers()[0]
    assert placed.output_shape == (4, 6)
    assert [p.shape for p in placed.parameters] == [(3, 6), (6,)]
    assert placed.layer.multiply_adds((4, 3)) == 4 * 3 * 6
