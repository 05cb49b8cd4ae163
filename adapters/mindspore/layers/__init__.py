"""Layers in MindSpore. Between layers, images stay in the layout of MindSpore's kernels, channels first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mindspore import nn

from adapters.mindspore.layers.attention import multi_head_attention, position_embedding
from adapters.mindspore.layers.base import BuiltLayer, InPrecision, LayerBuilder, Row, to_canonical, to_native
from adapters.mindspore.layers.branches import joined
from adapters.mindspore.layers.convolution import conv2d, depthwise_conv2d, separable_conv2d
from adapters.mindspore.layers.dense import activation, dense
from adapters.mindspore.layers.group_normalisation import group_norm, instance_norm, rms_norm
from adapters.mindspore.layers.normalisation import batch_norm, dropout, layer_norm
from adapters.mindspore.layers.pooling import average_pool2d, global_average_pool2d, global_max_pool2d, max_pool2d
from adapters.mindspore.layers.recurrent import gru, lstm, simple_rnn
from adapters.mindspore.layers.resizing import upsampling2d, zero_padding2d
from adapters.mindspore.layers.sequence_convolution import conv1d
from adapters.mindspore.layers.shape import flatten, permute, reshape
from adapters.mindspore.layers.stochastic_depth import stochastic_depth
from adapters.mindspore.layers.transposed import conv2d_transpose
from adapters.protocol import Parameters, made_by
from adapters.setting import Setting
from harness.spec import layers as spec
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer

__all__ = ["build_network", "build_row", "to_canonical", "to_native"]


def build_network(layers: tuple[PlacedLayer, ...], weights: Parameters, setting: Setting) -> BuiltLayer:
    """The layers as `build_row` makes them, whose output is in the precision of the weights."""
    row = build_row(layers, weights, setting)
    return replace(row, call=InPrecision(row.call, setting.precision)) if setting.half else row


def build_row(
    layers: tuple[PlacedLayer, ...], weights: Parameters, setting: Setting, layout: Layout = "channels_last"
) -> BuiltLayer:
    """The layers, applied in order, with their parameters by full name. Images enter and leave in `layout`."""
    built_layers: list[BuiltLayer] = []
    noise_spans: list[tuple[int, int]] = []
    input_layouts: list[Layout] = []
    output_layouts: list[Layout] = []
    parameters: dict[str, Any] = {}
    current_layout = layout
    for placed in layers:
        layer = made_by(LAYERS, placed.layer, "mindspore")(placed, weights, setting, current_layout)
        noise_start = noise_spans[-1][1] if noise_spans else 0
        built_layers.append(layer)
        noise_spans.append((noise_start, noise_start + len(placed.noise)))
        input_layouts.append(current_layout if len(placed.input_shape) == 3 else layer.input_layout)
        output_layouts.append(layer.output_layout if len(placed.output_shape) == 3 else "channels_last")
        parameters |= {f"{placed.name}/{name}": parameter for name, parameter in layer.parameters.items()}
        current_layout = layer.output_layout if len(placed.output_shape) == 3 else layout
    call = Row(built_layers, noise_spans, input_layouts, output_layouts, current_layout, layout, setting)
    return BuiltLayer(call, layout, layout, parameters, call.outputs)


def residual(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """`x + f(x)`, with the inner layers as f."""
    inner = build_row(placed.inner, weights, setting, incoming)
    parameters = {name.removeprefix(f"{placed.name}/"): parameter for name, parameter in inner.parameters.items()}
    return BuiltLayer(ResidualSum(inner.call), incoming, incoming, parameters)


def parallel(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The rows of inner layers, joined."""
    word: Any = placed.layer
    branches = [build_row(row, weights, setting, incoming) for row in placed.rows]
    noise = [sum(len(inner.noise) for inner in row) for row in placed.rows]
    return joined(placed, branches, noise, word.join, incoming)


def concatenate(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """`[x, f(x)]`, with the inner layers as f."""
    branches = [build_row(row, weights, setting, incoming) for row in ((), placed.inner)]
    return joined(placed, branches, [0, len(placed.noise)], "concatenate", incoming)


class ResidualSum(nn.Cell):
    """`x + f(x)`."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return x + self.function(x, training, noise)


LAYERS: dict[type[spec.Layer], LayerBuilder] = {
    spec.Flatten: flatten,
    spec.Reshape: reshape,
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
