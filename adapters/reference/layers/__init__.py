"""The layers: each returns its output and the pullback to its input and its parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapters.protocol import Array, Parameters, made_by
from adapters.reference import disturbed, rounding
from adapters.reference.layers.attention import multi_head_attention, position_embedding
from adapters.reference.layers.base import Applied, Apply, below, pulled_back, within
from adapters.reference.layers.branches import joined, passed_on
from adapters.reference.layers.convolution import conv2d, depthwise_conv2d, separable_conv2d
from adapters.reference.layers.dense import activation, dense
from adapters.reference.layers.group_normalisation import group_norm, instance_norm, rms_norm
from adapters.reference.layers.normalisation import batch_norm, dropout, layer_norm
from adapters.reference.layers.pooling import average_pool2d, global_average_pool2d, global_max_pool2d, max_pool2d
from adapters.reference.layers.recurrent import gru, lstm, simple_rnn
from adapters.reference.layers.resizing import upsampling2d, zero_padding2d
from adapters.reference.layers.sequence_convolution import conv1d
from adapters.reference.layers.shape import flatten, permute, reshaped
from adapters.reference.layers.stochastic_depth import stochastic_depth
from adapters.reference.layers.transposed import conv2d_transpose
from harness.spec import layers as spec
from harness.spec.model import PlacedLayer

__all__ = ["Applied", "apply", "pulled_back", "within"]


@rounding.layer
@disturbed.layer
def apply(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    """The layer applied to `x` (N, ...). `weights` and `noise` are named within the layer.

    `noise` holds the random numbers of training; it is empty in evaluation. A frozen layer has no gradients by its
    parameters.
    """
    applied = made_by(LAYERS, placed.layer, "reference")(placed, weights, x, noise, training)
    if placed.layer.trainable:
        return applied
    return replace(applied, pullback=lambda dy: (applied.pullback(dy)[0], {}))


def residual(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    (row,) = _rows(placed, weights, x, noise, training)

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        upstream, gradients = row.pullback(dy)
        return dy + upstream, gradients

    return replace(row, y=x + row.y, pullback=pullback)


def parallel(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    return joined(word.join, _rows(placed, weights, x, noise, training))


def concatenate(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    return joined("concatenate", [passed_on(x), *_rows(placed, weights, x, noise, training)])


def _rows(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> list[Applied]:
    """Each row of layers inside this one applied to x; names are within this layer."""
    return [_in_turn(placed, row, weights, x, noise, training) for row in placed.rows]


def _in_turn(
    placed: PlacedLayer,
    row: tuple[PlacedLayer, ...],
    weights: Parameters,
    x: Array,
    noise: Parameters,
    training: bool,
) -> Applied:
    applied, y = [], x
    for inner in row:
        prefix = f"{inner.name.removeprefix(f'{placed.name}/')}/"
        inner_applied = apply(inner, below(prefix, weights), y, below(prefix, noise), training)
        applied.append((prefix, inner_applied))
        y = inner_applied.y

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        upstream = dy
        gradients: dict[str, Array] = {}
        for prefix, inner_applied in reversed(applied):
            upstream, learned = inner_applied.pullback(upstream)
            gradients |= {prefix + name: value for name, value in learned.items()}
        return upstream, gradients

    state = {prefix + name: value for prefix, inner_applied in applied for name, value in inner_applied.state.items()}
    bent = {
        prefix + name: bent_input
        for prefix, inner_applied in applied
        for name, bent_input in inner_applied.bent.items()
    }
    return Applied(y, pullback, state, bent)


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
    spec.Conv1d: conv1d,
    spec.Conv2dTranspose: conv2d_transpose,
    spec.ZeroPadding2d: zero_padding2d,
    spec.Upsampling2d: upsampling2d,
    spec.GroupNorm: group_norm,
    spec.InstanceNorm: instance_norm,
    spec.RmsNorm: rms_norm,
    spec.StochasticDepth: stochastic_depth,
    spec.Parallel: parallel,
    spec.Concatenate: concatenate,
    spec.SimpleRnn: simple_rnn,
    spec.Lstm: lstm,
    spec.Gru: gru,
    spec.MultiHeadAttention: multi_head_attention,
    spec.PositionEmbedding: position_embedding,
    spec.Residual: residual,
}
