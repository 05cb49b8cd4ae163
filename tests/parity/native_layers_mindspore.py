"""Builders of one layer each, as users of MindSpore write them, for `own_layers`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

SEQUENCE, IMAGE, VOLUME, ROWS, STEPS = (2, 4, 9), (2, 4, 7, 6), (2, 4, 5, 5, 4), (3, 6), (3, 7, 6)
PADDED = {"pad_mode": "pad", "padding": 1}
BUILDERS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {}


class Behind(nn.Cell):
    """A layer behind a product with a parameter of the sample's shape; of several outputs the first counts."""

    def __init__(self, layer: Any, shape: tuple[int, ...], copies: int = 1) -> None:
        super().__init__()
        self.scale = Parameter(Tensor(np.linspace(0.5, 1.5, int(np.prod(shape[1:]))).reshape(shape[1:]), ms.float32))
        self.layer, self.copies = layer, copies

    def construct(self, x: Any) -> Any:
        scaled = x * self.scale
        y = self.layer(*(scaled,) * self.copies)
        return y[0] if isinstance(y, tuple) else y


class Cell(nn.Cell):
    """A recurrent cell, step by step."""

    def __init__(self, cell: Any, states: int) -> None:
        super().__init__()
        self.cell, self.states = cell, states

    def construct(self, x: Any) -> Any:
        zero = ops.zeros((x.shape[0], 5), x.dtype)
        state = (zero, zero) if self.states == 2 else zero
        for step in range(3):
            state = self.cell(x[:, step], state)
        return state[0] if self.states == 2 else state


class Looked(nn.Cell):
    """An embedding of numbers made of the input, which has no gradient."""

    def __init__(self, embedding: Any) -> None:
        super().__init__()
        self.embedding = embedding

    def construct(self, x: Any) -> Any:
        return self.embedding(ops.cast(ops.clamp(ops.abs(ops.stop_gradient(x)) * 3, 0, 9), ms.int32))


class Function(nn.Cell):
    """A function of the framework in place of a layer."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def construct(self, x: Any) -> Any:
        return self.function(x)


def _add(name: str, make: Callable[[], Any], shape: tuple[int, ...], copies: int = 1) -> None:
    BUILDERS[name] = (lambda: Behind(make(), shape, copies)), shape


for rank, shape in ((1, SEQUENCE), (2, IMAGE), (3, VOLUME)):
    convolution, transposed = (getattr(nn, f"Conv{rank}d{kind}") for kind in ("", "Transpose"))
    largest, average = (getattr(nn, f"{kind}Pool{rank}d") for kind in ("Max", "Avg"))
    for name, make in {
        "conv": lambda of=convolution: of(4, 6, 3, has_bias=True),
        "conv_padded": lambda of=convolution: of(4, 6, 3, stride=2, dilation=2, **PADDED),
        "conv_grouped": lambda of=convolution: of(4, 8, 3, group=2, pad_mode="valid"),
        "conv_transpose": lambda of=transposed: of(4, 6, 3, stride=2, has_bias=True),
        "conv_transpose_padded": lambda of=transposed: of(4, 6, 3, stride=2, **PADDED),
        "conv_transpose_valid": lambda of=transposed: of(4, 6, 3, stride=2, pad_mode="valid"),
        "max_pool": lambda of=largest: of(3, 2),
        "max_pool_same": lambda of=largest: of(3, 2, pad_mode="same"),
        "max_pool_padded": lambda of=largest: of(3, 2, ceil_mode=True, **PADDED),
        "average_pool": lambda of=average: of(3, 2),
        "average_pool_same": lambda of=average: of(3, 2, pad_mode="same"),
        "average_pool_counted": lambda of=average: of(3, 2, ceil_mode=True, count_include_pad=True, **PADDED),
        "average_pool_uncounted": lambda of=average: of(3, 2, count_include_pad=False, **PADDED),
        "batch_norm": lambda rank=rank: getattr(nn, f"BatchNorm{rank}d")(4),
        "instance_norm": lambda rank=rank: getattr(nn, f"InstanceNorm{rank}d")(4),
        "dropout": lambda rank=rank: getattr(nn, f"Dropout{rank}d")(p=0.3),
    }.items():
        _add(f"{name}_{rank}d", make, (3, 4) if (name, rank) == ("batch_norm", 1) else shape)
_add("adaptive_average_pool_1d", lambda: nn.AdaptiveAvgPool1d(3), SEQUENCE)
_add("adaptive_max_pool_1d", lambda: nn.AdaptiveMaxPool1d(3), SEQUENCE)
_add("adaptive_average_pool_2d", lambda: nn.AdaptiveAvgPool2d((3, 2)), IMAGE)
_add("adaptive_max_pool_2d", lambda: nn.AdaptiveMaxPool2d((3, 2)), IMAGE)
_add("conv_depthwise", lambda: nn.Conv2d(4, 8, 3, group=4), IMAGE)
_add("conv_asymmetric", lambda: nn.Conv2d(4, 6, (3, 2), stride=(1, 2), pad_mode="pad", padding=(1, 2, 0, 1)), IMAGE)
_add("conv_transpose_more", lambda: nn.Conv2dTranspose(4, 6, 3, 2, "pad", 1, output_padding=1, has_bias=True), IMAGE)
_add("conv_transpose_grouped", lambda: nn.Conv2dTranspose(4, 6, 3, stride=2, group=2), IMAGE)
_add("group_norm", lambda: nn.GroupNorm(2, 4), IMAGE)
_add("layer_norm", lambda: nn.LayerNorm((6,)), STEPS)
_add("layer_norm_of_two_axes", lambda: nn.LayerNorm((7, 6), 1, 1), STEPS)
_add("lrn", lambda: nn.LRN(depth_radius=2), IMAGE)
_add("lp_pool", lambda: Function(lambda x: nn.LPPool2d(2.0, 2, 2)(ops.abs(x))), IMAGE)
_add("dense", lambda: nn.Dense(6, 4, activation="relu"), ROWS)
_add("prelu", lambda: nn.PReLU(4), IMAGE)
_add("prelu_of_rows", lambda: nn.PReLU(1), ROWS)
_add("dropout_of_rows", lambda: nn.Dropout(p=0.3), ROWS)
for name in (
    *("ReLU", "ReLU6", "Sigmoid", "Tanh", "GELU", "FastGelu", "ELU", "CELU", "SiLU", "Mish", "HSwish"),
    *("HSigmoid", "LogSigmoid", "Softmax", "LogSoftmax", "LeakyReLU", "HShrink", "SoftShrink", "Softsign"),
):
    _add(name, lambda name=name: getattr(nn, name)(), STEPS)
_add("exact_gelu", lambda: nn.GELU(False), STEPS)
for name in ("LSTM", "GRU", "RNN"):
    _add(name, lambda name=name: getattr(nn, name)(6, 5, batch_first=True), STEPS)
    stacked = {"num_layers": 2, "bidirectional": True, "batch_first": True, "dropout": 0.3}
    _add(f"{name}_stacked", lambda name=name, options=stacked: getattr(nn, name)(6, 5, **options), STEPS)
    _add(f"{name}_cell", lambda name=name: Cell(getattr(nn, f"{name}Cell")(6, 5), 2 if name == "LSTM" else 1), STEPS)
_add("attention", lambda: nn.MultiheadAttention(6, 2, dropout=0.3, batch_first=True), STEPS, copies=3)
_add("encoder_layer", lambda: nn.TransformerEncoderLayer(6, 2, 8, dropout=0.3, batch_first=True), STEPS)
for name, options in {"plain": {}, "padding_index": {"padding_idx": 0}, "one_hot": {"use_one_hot": True}}.items():
    _add(f"embedding_{name}", lambda options=options: Looked(nn.Embedding(10, 6, **options)), ROWS)
KERNEL = Tensor(np.random.default_rng(0).normal(size=(5, 4, 3, 3)), ms.float32)
for name, function in {
    "log_softmax": lambda x: ops.log_softmax(x, 1),
    "softplus": ops.softplus,
    "standard_deviation": lambda x: ops.std(x, 1),
    "variance": lambda x: ops.var(x, 1),
    "masked_fill": lambda x: ops.masked_fill(x, ops.stop_gradient(x) > 0, 0.3),
    "conv2d": lambda x: ops.conv2d(x, KERNEL.astype(x.dtype), pad_mode="pad", padding=1),
    "max_pool2d": lambda x: ops.max_pool2d(x, 2),
    "avg_pool2d": lambda x: ops.avg_pool2d(x, 2, 2),
    "softmax": lambda x: ops.softmax(x, 1),
}.items():
    _add(f"ops_{name}", lambda function=function: Function(function), IMAGE)


def __getattr__(name: str) -> Any:
    return BUILDERS[name][0]
