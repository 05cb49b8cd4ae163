"""Layers. Shapes leave out the batch axis; images are (height, width, channels)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.spec.base import union_of
from harness.spec.layers.attention import MultiHeadAttention, PositionEmbedding
from harness.spec.layers.base import Layer, in_a_row
from harness.spec.layers.branches import Concatenate, Parallel
from harness.spec.layers.composite import Composite
from harness.spec.layers.convolution import Conv2d, Convolution, DepthwiseConv2d, SeparableConv2d
from harness.spec.layers.dense import Activated, ActivationLayer, Dense
from harness.spec.layers.group_normalisation import GroupNorm, InstanceNorm, RmsNorm
from harness.spec.layers.normalisation import BatchNorm, Dropout, LayerNorm, Normalisation
from harness.spec.layers.pooling import AveragePool2d, GlobalAveragePool2d, GlobalMaxPool2d, MaxPool2d, Pooling
from harness.spec.layers.recurrent import Gru, Lstm, Recurrent, SimpleRnn
from harness.spec.layers.residual import Residual
from harness.spec.layers.resizing import Upsampling2d, ZeroPadding2d
from harness.spec.layers.sequence_convolution import Conv1d
from harness.spec.layers.shape import Flatten, Permute, Reshape
from harness.spec.layers.stochastic_depth import StochasticDepth
from harness.spec.layers.transposed import Conv2dTranspose

__all__ = [
    "Activated",
    "ActivationLayer",
    "AnyLayer",
    "AveragePool2d",
    "BatchNorm",
    "Composite",
    "Concatenate",
    "Conv1d",
    "Conv2d",
    "Conv2dTranspose",
    "Convolution",
    "Dense",
    "DepthwiseConv2d",
    "Dropout",
    "Flatten",
    "GlobalAveragePool2d",
    "GlobalMaxPool2d",
    "GroupNorm",
    "Gru",
    "InstanceNorm",
    "Layer",
    "LayerNorm",
    "Lstm",
    "MaxPool2d",
    "MultiHeadAttention",
    "Normalisation",
    "Parallel",
    "Permute",
    "Pooling",
    "PositionEmbedding",
    "Recurrent",
    "Reshape",
    "Residual",
    "RmsNorm",
    "SeparableConv2d",
    "SimpleRnn",
    "StochasticDepth",
    "Upsampling2d",
    "ZeroPadding2d",
    "in_a_row",
]

if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer: Any = union_of(Layer)
