"""Random single layers, with random initializers and activations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from random_words import Plain, numbers, varied

from harness.spec.vocabulary import specimens

Shape = tuple[int, ...]

# Constants other than 0 leave the units of a layer alike, and identity makes matrices only.
KERNELS = [each for each in specimens("initializer") if each.word() not in ("ones", "constant", "identity")]
BIASES = [each for each in specimens("initializer") if each.word() in ("zeros", "constant", "normal")]


def dense() -> SearchStrategy[Plain]:
    return st.fixed_dictionaries(
        {"kind": st.just("dense"), "units": st.integers(2, 9), **_ends_in_activation("kernel")}
    )


def plain_convolution(window: int) -> SearchStrategy[Plain]:
    """A conv2d with strides of 1."""
    return convolution(window, 1, ("conv2d",))


@st.composite
def convolution(
    draw: DrawFn,
    window: int,
    stride: int,
    kinds: Sequence[str] = ("conv2d", "conv2d", "depthwise_conv2d", "separable_conv2d"),
) -> Plain:
    kind = draw(st.sampled_from(kinds))
    size, step = st.integers(1, window), st.integers(max(1, stride - 1), stride)
    layer: Plain = {"kind": kind, "kernel_size": [draw(size), draw(size)], "strides": [draw(step), draw(step)]}
    layer["padding"] = draw(st.sampled_from(["valid", "same", "same_lower"]))
    layer["dilation"] = draw(st.sampled_from([[1, 1], [1, 1], [2, 2]]))
    kernels = {"conv2d": ["kernel"], "depthwise_conv2d": ["depthwise"], "separable_conv2d": ["depthwise", "pointwise"]}
    if kind != "depthwise_conv2d":
        layer["filters"] = draw(st.integers(1, 4))
    return layer | draw(st.fixed_dictionaries(_ends_in_activation(*kernels[kind])))


@st.composite
def conv1d(draw: DrawFn) -> Plain:
    layer: Plain = {"kind": "conv1d", "filters": draw(st.integers(1, 4)), "kernel_size": draw(st.integers(1, 3))}
    layer |= {"strides": draw(st.integers(1, 2)), "dilation": draw(st.integers(1, 2))}
    layer["padding"] = draw(st.sampled_from(["valid", "same"]))
    return layer | draw(st.fixed_dictionaries(_ends_in_activation("kernel")))


@st.composite
def pooling(draw: DrawFn, window: int) -> Plain:
    size = [draw(st.integers(max(1, window - 1), window)), draw(st.integers(max(1, window - 1), window))]
    kind = draw(st.sampled_from(["max_pool2d", "average_pool2d"]))
    return {"kind": kind, "pool_size": size, "strides": size, "padding": draw(st.sampled_from(["valid", "same"]))}


@st.composite
def enlarging(draw: DrawFn) -> Plain:
    kind = draw(st.sampled_from(["conv2d_transpose", "upsampling2d", "zero_padding2d"]))
    if kind == "zero_padding2d":
        cells = st.integers(0, 2)
        return {"kind": kind, "padding": [[draw(cells), draw(cells)], [draw(cells), draw(cells)]]}
    size = [draw(st.integers(1, 3)), draw(st.integers(2, 3))]
    if kind == "upsampling2d":
        return {"kind": kind, "size": size, "interpolation": draw(st.sampled_from(["nearest", "bilinear"]))}
    layer = {"kind": kind, "strides": size, "padding": draw(st.sampled_from(["valid", "same"]))}
    layer |= {"kernel_size": [draw(st.integers(1, 4)), draw(st.integers(1, 4))], "filters": draw(st.integers(1, 4))}
    return layer | draw(st.fixed_dictionaries(_ends_in_activation("kernel")))


def attention() -> SearchStrategy[Plain]:
    masks, size = st.sampled_from(["none", "causal"]), st.integers(1, 4)
    dropouts, scales = st.one_of(st.just(0.0), numbers(0.1, 0.6)), st.one_of(st.none(), numbers(0.2, 1.5))
    sizes = {"heads": st.integers(1, 3), "key_size": size, "value_size": st.one_of(st.none(), size)}
    return st.fixed_dictionaries(
        {
            "kind": st.just("multi_head_attention"),
            **sizes,
            "mask": masks,
            "dropout": dropouts,
            "scale": scales,
            **_biased("kernel"),
        }
    )


@st.composite
def recurrent(draw: DrawFn, return_sequences: bool) -> Plain:
    kind = draw(st.sampled_from(["simple_rnn", "lstm", "lstm", "gru", "gru"]))
    layer = draw(st.fixed_dictionaries({"units": st.integers(1, 5), **_biased("kernel", "recurrent")}))
    if kind == "gru":
        layer["reset"] = draw(st.sampled_from(["after", "before"]))
    if kind != "simple_rnn":
        layer["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "sigmoid", "hard_sigmoid"]))
    layer["activation"] = draw(st.sampled_from(["tanh", "tanh", "tanh", "relu"]))
    return {"kind": kind, "return_sequences": return_sequences, **layer}


def same_shape(shape: Shape) -> SearchStrategy[Plain]:
    flags = {"center": st.booleans(), "scale": st.booleans()}
    epsilon = {"epsilon": st.sampled_from([1e-5, 1e-3])}
    groups = {"groups": st.sampled_from([each for each in range(1, shape[-1] + 1) if shape[-1] % each == 0])}
    kinds = st.sampled_from(["layer_norm", "instance_norm"])
    frozen = {"frozen_statistics": st.sampled_from(["moving", "batch"])}
    return st.one_of(
        st.fixed_dictionaries({"kind": st.just("batch_norm"), **epsilon, **flags, **frozen}),
        st.fixed_dictionaries({"kind": kinds, **epsilon, **flags}),
        st.fixed_dictionaries({"kind": st.just("group_norm"), **groups, **epsilon, **flags}),
        st.fixed_dictionaries({"kind": st.just("rms_norm"), **epsilon}),
        st.fixed_dictionaries({"kind": st.sampled_from(["dropout", "stochastic_depth"]), "rate": numbers(0.1, 0.6)}),
        st.fixed_dictionaries({"kind": st.just("activation"), "activation": varied("activation")}),
    )


def _ends_in_activation(*kernels: str) -> dict[str, SearchStrategy[Any]]:
    return {"activation": varied("activation"), **_biased(*kernels)}


def _biased(*kernels: str) -> dict[str, SearchStrategy[Any]]:
    return {
        **{f"{name}_initializer": varied("initializer", KERNELS) for name in kernels},
        "use_bias": st.booleans(),
        "bias_initializer": varied("initializer", BIASES),
    }
