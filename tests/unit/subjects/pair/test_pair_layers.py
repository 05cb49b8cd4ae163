"""Calls of layers are paired by their parameters, and what lies between by kind and shape."""

import numpy as np
import pytest

from adapters.user_model import OwnParameter
from harness.subjects.pair.layers import Calls, canonical_images, kind_of, layer_pairs
from harness.subjects.pair.mapping import Match


def calls(*made):
    arrays = {}
    for number, (_, _, shape) in enumerate(made):
        arrays[f"{number}/x"] = arrays[f"{number}/y"] = np.zeros((2, *shape))
    return Calls([(name, kind) for name, kind, _ in made], arrays)


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


def test_an_image_flattened_channels_first_is_laid_as_the_other_side_s():
    image = np.arange(24.0).reshape(1, 2, 3, 4)
    arrays = {"0/x": image, "0/y": image.transpose(0, 3, 1, 2).reshape(1, -1)}
    arrays |= {"1/x": arrays["0/y"], "1/y": np.zeros((1, 5))}
    made = Calls([("flat", "Flatten"), ("d", "Dense")], arrays)
    found = canonical_images(made, {"d/kernel": [2, 3, 4]}, [match("d", "d2")])
    assert np.array_equal(found.x(1), image.reshape(1, -1))
    assert np.array_equal(found.y(0), image.reshape(1, -1))
