"""Calls of layers are paired by their parameters, and what lies between by kind and shape."""

import numpy as np
import pytest

from adapters.user_model import OwnParameter
from harness.subjects.pair.calls import Called, Calls, canonical_images, views
from harness.subjects.pair.kinds import kind_of
from harness.subjects.pair.layers import hidden, layer_pairs, without_partner
from harness.subjects.pair.mapping import Match


def calls(*made):
    arrays = {}
    for number, (_, _, shape) in enumerate(made):
        arrays[f"{number}/x0"] = arrays[f"{number}/y0"] = np.zeros((2, *shape))
    return Calls([Called(name, kind) for name, kind, _ in made], arrays)


def match(a, b):
    kernels = [OwnParameter(f"{name}.w", name, "kernel", (1,), True) for name in (a, b)]
    return Match(f"{a}/kernel", *kernels)


@pytest.mark.parametrize(
    ("mindspore", "keras"),
    [
        ("Conv2d", "Conv2D"),
        ("BatchNorm2d", "BatchNormalization"),
        ("MaxPool2d", "MaxPooling2D"),
        ("AvgPool2d", "AveragePooling2D"),
        ("ReLU", "relu"),
        ("LeakyReLU", "leaky_relu"),
        ("LayerNorm", "LayerNormalization"),
        ("SiLU", "silu"),
    ],
)
def test_a_kind_has_one_name_in_both_frameworks(mindspore, keras):
    assert kind_of(mindspore) == kind_of(keras)


def test_what_moves_numbers_only_is_left_out_and_a_function_that_is_no_layer_too():
    a = calls(("c", "Conv2d", (4, 4, 2)), ("r", "ReLU", (4, 4, 2)), ("f", "Flatten", (32,)), ("d", "Dense", (5,)))
    b = calls(
        ("c2", "Conv2D", (4, 4, 2)), ("p", "MaxPooling2D", (2, 2, 2)), ("r2", "ReLU", (4, 4, 2)), ("d2", "Dense", (5,))
    )
    found = layer_pairs(a, b, [match("c", "c2"), match("d", "d2")])
    assert [(pair.name_a, pair.name_b) for pair in found] == [("c", "c2"), ("r", "r2"), ("d", "d2")]
    assert found[0].spoken == "layer conv (c / c2)"


def test_a_layer_called_twice_is_paired_call_by_call():
    a = calls(("d", "Dense", (5,)), ("r", "ReLU", (5,)), ("d", "Dense", (5,)))
    b = calls(("e", "Dense", (5,)), ("r", "ReLU", (5,)), ("e", "Dense", (5,)))
    found = layer_pairs(a, b, [match("d", "e")])
    assert [(pair.a, pair.b) for pair in found] == [(0, 0), (1, 1), (2, 2)]


def test_layers_called_in_another_order_are_paired_by_their_parameters():
    a = calls(("q", "Dense", (5,)), ("k", "Dense", (5,)), ("o", "Dense", (3,)))
    b = calls(("key", "Dense", (5,)), ("query", "Dense", (5,)), ("o", "Dense", (3,)))
    found = layer_pairs(a, b, [match("q", "query"), match("k", "key"), match("o", "o")])
    assert [(pair.name_a, pair.name_b) for pair in found] == [("q", "query"), ("k", "key"), ("o", "o")]


def test_a_layer_of_layers_is_paired_by_all_their_parameters_and_a_cell_by_its_layer():
    a = calls(("lstm", "LSTM", (5,)), ("mha", "MultiheadAttention", (5,)))
    b = calls(("rnn", "RNN", (5,)), ("query", "Dense", (5,)), ("out", "Dense", (5,)), ("attention", "MHA", (5,)))
    inner = {"rnn": ("lstm_cell",), "attention": ("query", "out")}
    within = {"query": "attention", "out": "attention"}
    called = [Called(c.layer, c.kind, 1, 1, inner.get(c.layer, ()), within.get(c.layer, "")) for c in b.called]
    b = Calls(called, b.arrays)
    found = layer_pairs(a, b, [match("lstm", "lstm_cell"), match("mha.q", "query"), match("mha.o", "out")])
    assert [(pair.name_a, pair.name_b) for pair in found] == [("lstm", "rnn"), ("mha", "attention")]
    assert hidden(b, {0, 3}) == {1, 2}
    assert hidden(b, {0}) == {3}


def test_a_stacked_layer_is_paired_with_the_last_of_the_layers_that_have_its_parameters():
    a = calls(("lstm", "LSTM", (4, 5)), ("fc", "Dense", (2,)))
    b = calls(("one", "LSTM", (4, 5)), ("two", "LSTM", (4, 5)), ("d", "Dense", (2,)))
    matches = [
        Match(name, OwnParameter(name, "lstm", "kernel", (1,), True), OwnParameter(name, layer, "kernel", (1,), True))
        for name, layer in (("l0", "one"), ("l1", "two"))
    ]
    found = layer_pairs(a, b, [*matches, match("fc", "d")])
    assert [(pair.name_a, pair.name_b) for pair in found] == [("lstm", "two"), ("fc", "d")]
    flipped = [Match(m.name, m.b, m.a) for m in matches]
    found = layer_pairs(b, a, [*flipped, match("d", "fc")])
    assert [(pair.name_a, pair.name_b) for pair in found] == [("two", "lstm"), ("d", "fc")]


def test_a_fused_layer_is_paired_with_none_of_its_parts():
    a = calls(("qkv", "Dense", (4, 15)), ("fc", "Dense", (2,)))
    b = calls(("q", "Dense", (4, 5)), ("k", "Dense", (4, 5)), ("d", "Dense", (2,)))
    matches = [
        Match(name, OwnParameter(name, "qkv", "kernel", (1,), True), OwnParameter(name, name, "kernel", (1,), True))
        for name in "qk"
    ]
    found = layer_pairs(a, b, [*matches, match("fc", "d")])
    assert [(pair.name_a, pair.name_b) for pair in found] == [("fc", "d")]


def test_a_cell_that_is_called_step_by_step_is_paired_with_its_last_call():
    a = calls(*[("cell", "LSTMCell", (5,))] * 3, ("fc", "Dense", (2,)))
    b = calls(("lstm", "LSTM", (5,)), ("d", "Dense", (2,)))
    found = layer_pairs(a, b, [match("cell", "lstm"), match("fc", "d")])
    assert [(pair.a, pair.b) for pair in found] == [(2, 0), (3, 1)]
    sequences = calls(("lstm", "LSTM", (3, 5)), ("d", "Dense", (2,)))
    found = layer_pairs(a, sequences, [match("cell", "lstm"), match("fc", "d")])
    assert [(pair.a, pair.b) for pair in found] == [(3, 1)]


def test_layers_without_a_partner_are_listed():
    a = calls(("c", "Conv2d", (4,)), ("act", "ReLU", (4,)), ("drop", "Dropout", (4,)))
    assert without_partner(a, {0}) == ["act (relu)"]


def test_of_several_outputs_the_one_that_is_equal_is_compared_in_the_layout_that_matches():
    rng = np.random.default_rng(0)
    sequence, state = rng.normal(size=(7, 2, 5)), rng.normal(size=(1, 2, 5))
    ((of_a, of_b),) = views([sequence, state], [state[0]])
    assert np.array_equal(of_a.of([sequence, state]), state[0])
    assert (of_a.output, of_b.output) == (1, 0)
    ((of_a, of_b),) = views([sequence], [sequence.transpose(1, 0, 2)])
    assert np.array_equal(of_a.of([sequence]), of_b.of([sequence.transpose(1, 0, 2)]))
    assert views([sequence], [state[0]]) == []
    heads = rng.normal(size=(2, 3, 2, 4))
    ((of_a, _),) = views([heads.reshape(2, 3, 8)], [heads])
    assert np.array_equal(of_a.of([heads.reshape(2, 3, 8)]), heads)
    assert views([heads.reshape(2, 3, 8) + 1], [heads]) == []
    square = rng.normal(size=(2, 5, 5))
    ((of_a, _),) = views([square.transpose(0, 2, 1)], [square])
    assert np.array_equal(of_a.of([square.transpose(0, 2, 1)]), square)
    ((of_a, _),) = views([rng.normal(size=(2, 5, 5))], [square])
    assert of_a.is_plain


def test_an_image_flattened_channels_first_is_laid_as_the_other_side_s():
    image = np.arange(24.0).reshape(1, 2, 3, 4)
    arrays = {"0/x0": image, "0/y0": image.transpose(0, 3, 1, 2).reshape(1, -1)}
    arrays |= {"1/x0": arrays["0/y0"], "1/y0": np.zeros((1, 5))}
    made = Calls([Called("flat", "Flatten"), Called("d", "Dense")], arrays)
    found = canonical_images(made, {"d": [2, 3, 4]})
    assert np.array_equal(found.x(1), image.reshape(1, -1))
    assert np.array_equal(found.y(0), image.reshape(1, -1))
