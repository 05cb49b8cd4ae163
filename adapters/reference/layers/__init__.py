"""The layers: each returns its output and the pullback to its input and its parameters."""

from __future__ import annotations

from typing import Any

from adapters.protocol import Array, Parameters, made_by
from adapters.reference import disturbed
from adapters.reference.layers.attention import multi_head_attention, position_embedding
from adapters.reference.layers.base import Applied, Apply, below, within
from adapters.reference.layers.convolution import conv2d, depthwise_conv2d, separable_conv2d
from adapters.reference.layers.dense import activation, dense
from adapters.reference.layers.normalisation import batch_norm, dropout, layer_norm
from adapters.reference.layers.pooling import average_pool2d, global_average_pool2d, global_max_pool2d, max_pool2d
from adapters.reference.layers.recurrent import gru, lstm, simple_rnn
from adapters.reference.layers.shape import flatten, permute, reshaped
from harness.spec import layers as spec
from harness.spec.model import PlacedLayer, place

__all__ = ["Applied", "apply", "within"]


@disturbed.layer
def apply(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    """The layer applied to `x` (N, ...). `weights` and `noise` are named within the layer.

    `noise` holds the random numbers of training; it is empty in evaluation.
    """
    return made_by(LAYERS, placed.layer, "reference")(placed, weights, x, noise, training)


def residual(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    applied, y = [], x
    for inner in place(word.layers, placed.input_shape):
        prefix = f"{inner.name}/"
        inner_applied = apply(inner, below(prefix, weights), y, below(prefix, noise), training)
        applied.append((prefix, inner_applied))
        y = inner_applied.y

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        upstream = dy
        gradients: dict[str, Array] = {}
        for prefix, inner_applied in reversed(applied):
            upstream, learned = inner_applied.pullback(upstream)
            gradients |= {prefix + name: value for name, value in learned.items()}
        return dy + upstream, gradients

    state = {prefix + name: value for prefix, inner_applied in applied for name, value in inner_applied.state.items()}
    bent = {
        prefix + name: bent_input
        for prefix, inner_applied in applied
        for name, bent_input in inner_applied.bent.items()
    }
    return Applied(x + y, pullback, state, bent)


LAYERS: dict[type[spec.Layer], Apply] = {
    spec.Flatten: flatten,
    spec.Reshape: reshaped,
    spec.Permute: permute,
    spec.Dense: dense,
    spec.ActivationLayer: activation,
    spec.Conv2d: conv2d,
    spec.DepthwiseConv2d: depthwise_conv2d,
    spec.SeparableConv2d: separable_conv2d,
    spec.MaxPool2d: max_pool2d,
    spec.AveragePool2d: average_pool2d,
    spec.GlobalAveragePool2d: global_average_pool2d,
    spec.GlobalMaxPool2d: global_max_pool2d,
    spec.BatchNorm: batch_norm,
    spec.LayerNorm: layer_norm,
    spec.Dropout: dropout,
    spec.SimpleRnn: simple_rnn,
    spec.Lstm: lstm,
    spec.Gru: gru,
    spec.MultiHeadAttention: multi_head_attention,
    spec.PositionEmbedding: position_embedding,
    spec.Residual: residual,
}
