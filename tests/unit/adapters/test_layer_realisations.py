"""How each framework says it makes layers of images, by precision and layout; no framework is needed to say it."""

from __future__ import annotations

from typing import Any

import pytest

import adapters
from adapters.setting import Realisation, Setting
from harness.spec.arm import Arm
from harness.spec.vocabulary import parse, specimens

IMAGES = ("conv2d", "depthwise_conv2d", "separable_conv2d", "conv2d_transpose", "max_pool2d", "average_pool2d")
KERNELS = {"conv2d": ["kernel"], "separable_conv2d": ["depthwise", "pointwise"]}
MODES = {"mindspore": "jit", "tensorflow": "graph"}


def made(adapter: str, word: Any, precision: Any = "float32", layout: Any = "auto") -> Realisation:
    arm = Arm(name="arm", adapter=adapter, mode=MODES[adapter], precision=precision, layout=layout)
    return adapters.realisation(word, Setting.of(arm))


def words(*kinds: str) -> list[Any]:
    return [word for word in specimens("layer") if not kinds or word.word() in kinds]


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("adapter", MODES)
def test_every_layer_is_made(adapter: str, precision: str) -> None:
    found = {word.name_in_tables: made(adapter, word, precision) for word in words()}
    assert len(found) == len(words()), "two specimens have the same name"
    assert [name for name, each in found.items() if each.kind == "unsupported"] == []
    assert [name for name, each in found.items() if each.kind != "native" and not each.reason] == []


@pytest.mark.parametrize("word", words(*IMAGES), ids=lambda word: word.name_in_tables)
def test_mindspore_has_one_layout_for_each_precision(word: Any) -> None:
    for precision, has, lacks in [
        ("float32", "channels_first", "channels_last"),
        ("float64", "channels_last", "channels_first"),
    ]:
        assert made("mindspore", word, precision, has) == made("mindspore", word, precision)
        refused = made("mindspore", word, precision, lacks)
        assert refused.kind == "unsupported"
        assert f"layout={has}" in refused.reason


@pytest.mark.parametrize("word", words(*IMAGES[:4]), ids=lambda word: word.name_in_tables)
def test_tensorflow_convolutions_with_channels_first(word: Any) -> None:
    assert made("tensorflow", word, "float64", "channels_first").kind == "unsupported"
    first, last = made("tensorflow", word, "float32", "channels_first"), made("tensorflow", word, "float32")
    if word.use_bias:
        assert "bias_add" in first.by
    else:
        assert first == last


def test_only_what_keras_refuses_is_thinned_out() -> None:
    """Of unequal strides in float32 it is the processor that decides, and what is said must hold on any."""
    by_precision = {
        precision: [w.name_in_tables for w in words(*IMAGES[:3]) if "thinned" in made("tensorflow", w, precision).by]
        for precision in ("float32", "float64")
    }
    dilated = "conv2d 3x2 same stride 2x1 dilation 2x2"
    assert by_precision["float32"] == by_precision["float64"] == [dilated, "depthwise_conv2d 3x2 same stride 2x1"]


def test_only_strides_with_dilation_are_thinned_out_over_sequences() -> None:
    thinned = {word.name_in_tables for word in words("conv1d") if "thinned" in made("tensorflow", word).by}
    assert thinned == {word.name_in_tables for word in words("conv1d") if word.strides > 1 < word.dilation} != set()


@pytest.mark.parametrize("adapter", MODES)
def test_only_bilinear_interpolation_is_composed_in_float64(adapter: str) -> None:
    for word in words("upsampling2d"):
        assert made(adapter, word).kind == "native"
        expected = "composed" if word.interpolation == "bilinear" else "native"
        assert made(adapter, word, "float64").kind == expected


@pytest.mark.parametrize(
    ("stated", "is_fused"),
    [
        ({"kind": "separable_conv2d", "kernel_size": [3, 3]}, False),
        ({"kind": "separable_conv2d", "kernel_size": [3, 3], "multiplier": 2}, True),
        ({"kind": "conv2d", "kernel_size": [1, 2]}, False),
        ({"kind": "conv2d", "kernel_size": [2, 1]}, True),
        ({"kind": "conv2d", "kernel_size": [1, 2], "filters": 2}, True),
        ({"kind": "conv2d", "kernel_size": [1, 2], "use_bias": False}, True),
    ],
)
def test_where_the_bias_of_one_filter_is_a_number(stated: Any, is_fused: bool) -> None:
    """Sizes (1, 1, 1, k) and a bias of 1 are those of a depthwise kernel of one channel and k rows, in a row."""
    kernels = [f"{part}_initializer" for part in KERNELS[stated["kind"]]]
    word = parse("layer", {"filters": 1, **dict.fromkeys(kernels, "he_normal"), **stated})
    in_graph = made("tensorflow", word)
    assert ("without bias, then + bias as a number" in in_graph.by) == (not is_fused)
    assert made("tensorflow", word, "float64").kind == "native"
    eager = Arm(name="arm", adapter="tensorflow", mode="eager")
    assert adapters.realisation(word, Setting.of(eager)).kind == "native"
    stepwise = Arm(name="arm", adapter="tensorflow", mode="graph_step")
    assert adapters.realisation(word, Setting.of(stepwise)) == in_graph
