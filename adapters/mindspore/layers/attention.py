"""Attention over the steps of a sequence, and the embedding of positions."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from adapters.mindspore.activations import activation as function
from adapters.mindspore.layers.base import BuiltLayer, parameter
from adapters.mindspore.runtime import floats
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.activations import Softmax
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def multi_head_attention(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """Self-attention of several heads."""
    parameters = _parameters(placed, weights, setting)
    return BuiltLayer(_Attention(parameters, placed, setting), parameters=parameters)


def position_embedding(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """`x + embeddings`."""
    parameters = _parameters(placed, weights, setting)
    return BuiltLayer(_Embedded(parameters["embeddings"]), parameters=parameters)


class _Attention(nn.Cell):
    """Self-attention; in training the weights of the softmax are multiplied by a mask from the noise.

    Where layers compute in 16 bits, the softmax of their products is computed in float32, as Keras does.
    """

    def __init__(self, parameters: dict[str, Any], placed: PlacedLayer, setting: Setting) -> None:
        super().__init__()
        word: Any = placed.layer
        self.query_kernel, self.query_bias = parameters["query_kernel"], parameters.get("query_bias")
        self.key_kernel, self.key_bias = parameters["key_kernel"], parameters.get("key_bias")
        self.value_kernel, self.value_bias = parameters["value_kernel"], parameters.get("value_bias")
        self.output_kernel, self.output_bias = parameters["output_kernel"], parameters.get("output_bias")
        self.steps, self.features = placed.input_shape
        self.heads, self.factor = word.heads, floats(word.factor, setting)
        self.product, self.product_with_transposed = ops.BatchMatMul(), ops.BatchMatMul(transpose_b=True)
        allowed = word.allowed(self.steps)
        self.allowed = None if allowed is None else Tensor(np.array(allowed, bool))
        self.precision = getattr(ms, setting.precision)
        self.lowest = floats(-0.7 * np.finfo(setting.precision).max, setting)
        self.softmax = function(Softmax(), setting)
        self.drops, self.keep_probability = word.dropout > 0, floats(1 - word.dropout, setting)

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        query = self._projected(x, self.query_kernel, self.query_bias)
        key = self._projected(x, self.key_kernel, self.key_bias)
        value = self._projected(x, self.value_kernel, self.value_bias)
        scores = ops.cast(self.product_with_transposed(query, key), self.precision) * self.factor
        if self.allowed is not None:
            scores = ops.where(self.allowed, scores, self.lowest)
        shares = ops.cast(self.softmax(scores), x.dtype)
        if training and self.drops:
            shares = shares * ops.cast(noise[0] / self.keep_probability, x.dtype)
        context = self.product(shares, value).swapaxes(1, 2).reshape(x.shape[0] * self.steps, -1)
        y = ops.matmul(context, ops.cast(self.output_kernel, x.dtype).reshape(-1, self.features))
        y = y if self.output_bias is None else y + ops.cast(self.output_bias, x.dtype)
        return y.reshape(x.shape)

    def _projected(self, x: Any, kernel: Any, bias: Any) -> Any:
        """`x kernel + bias` of every head, (B, heads, steps, size)."""
        z = ops.matmul(x.reshape(-1, self.features), ops.cast(kernel, x.dtype).reshape(self.features, -1))
        z = z if bias is None else z + ops.cast(bias, x.dtype).reshape(-1)
        return z.reshape(x.shape[0], self.steps, self.heads, -1).swapaxes(1, 2)


class _Embedded(nn.Cell):
    """`x + embeddings`."""

    def __init__(self, embeddings: Any) -> None:
        super().__init__()
        self.embeddings = embeddings

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return x + ops.cast(self.embeddings, x.dtype)


def _parameters(placed: PlacedLayer, weights: Parameters, setting: Setting) -> dict[str, Any]:
    names = [p.name for p in placed.layer.parameters(placed.input_shape)]
    return {name: parameter(name, placed, weights, setting) for name in names}
