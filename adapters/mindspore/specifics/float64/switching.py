"""Replaces kernels of MindSpore where they are given float64, and follows in which layer a network is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import mindspore as ms
from mindspore import Parameter, Tensor, ops
from mindspore.common.api import _pynative_executor
from mindspore.ops.operations import nn_ops

from adapters.mindspore.specifics.float64 import pointwise, spatial

PRIMITIVES: dict[Any, Callable[..., Any]] = {
    ops.Conv2D: spatial.convolution,
    ops.Conv3D: spatial.convolution,
    nn_ops.Conv2DBackpropInput: spatial.transposed_convolution,
    ops.Conv3DTranspose: spatial.transposed_convolution_3d,
    ops.MaxPool: spatial.max_pooling,
    ops.MaxPool3D: spatial.max_pooling,
    nn_ops.MaxPool3DWithArgmax: spatial.max_pooling_with_places,
    nn_ops.MaxPoolWithArgmaxV2: spatial.max_pooling_with_places,
    ops.AvgPool: spatial.average_pooling,
    ops.AvgPool3D: spatial.average_pooling,
    ops.BatchNorm: pointwise.batch_norm,
    nn_ops.InstanceNorm: pointwise.instance_norm,
    ops.LayerNorm: pointwise.layer_norm,
    ops.LRN: pointwise.local_response_norm,
    ops.ReduceStd: pointwise.standard_deviation,
    ops.LSTM: pointwise.lstm,
    ops.ReLU6: pointwise.relu6,
    ops.CeLU: pointwise.celu,
    ops.SeLU: pointwise.selu,
    ops.LogSoftmax: pointwise.log_softmax,
    ops.Softplus: pointwise.softplus,
    ops.Mish: pointwise.mish,
    ops.GeLU: pointwise.gelu,
    ops.FastGeLU: pointwise.fast_gelu,
    ops.HShrink: pointwise.hard_shrink,
    ops.SoftShrink: pointwise.soft_shrink,
    ops.PReLU: pointwise.prelu,
    ops.MaskedFill: pointwise.masked_fill,
}
NOWHERE = (nn_ops.InstanceNorm,)  # they have no CPU kernel in any precision


@dataclass
class Following:
    """The layers that a network is in, from the outermost, and those whose kernels were replaced."""

    inside: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)

    def note(self) -> None:
        """A kernel is replaced in the current layer."""
        layer = self.inside[-1] if self.inside else "the model itself"
        if layer not in self.replaced:
            self.replaced.append(layer)


_following: list[Following] = []


def finish_kernels() -> None:
    """Waits for the operations that were called, so that the error of one is raised here and not layers later."""
    _pynative_executor.sync()


@contextmanager
def following(network: Any) -> Iterator[Following]:
    """Follows the layers within the context. After an exception, `inside` ends with the layer that raised it."""
    followed = Following()
    handles = []

    def enter(name: str) -> Any:
        return lambda cell, inputs: followed.inside.append(name)

    def leave(cell: Any, inputs: Any, output: Any) -> None:
        finish_kernels()
        followed.inside.pop()

    for name, cell in network.cells_and_names():
        if name:
            handles += [cell.register_forward_pre_hook(enter(name)), cell.register_forward_hook(leave)]
    _following.append(followed)
    try:
        yield followed
    finally:
        _following.pop()
        for handle in handles:
            handle.remove()


def replace_kernels() -> None:
    """Replaces the kernels of this process, once. A call with tensors of another type is MindSpore's own."""
    for primitive, compute in PRIMITIVES.items():
        if not hasattr(primitive.__call__, "composed"):
            primitive.__call__ = _switch(primitive.__call__, compute, primitive in NOWHERE)
    if not hasattr(ops.log_softmax, "composed"):
        ops.log_softmax = _switched_log_softmax(ops.log_softmax)


def _switch(native: Any, compute: Any, everywhere: bool) -> Any:
    def call(self: Any, *arguments: Any) -> Any:
        if not (_is_float64(arguments[0]) or (everywhere and ms.get_context("device_target") == "CPU")):
            return native(self, *arguments)
        for followed in _following[-1:]:
            followed.note()
        return compute(self, *arguments)

    call.composed = True  # type: ignore[attr-defined]
    return call


def _switched_log_softmax(native: Any) -> Any:
    def log_softmax(logits: Any, axis: int = -1) -> Any:
        return pointwise.log_softmax_of(logits, axis) if _is_float64(logits) else native(logits, axis)

    log_softmax.composed = True  # type: ignore[attr-defined]
    return log_softmax


def to_float64(network: Any) -> None:
    """The network's parameters, and the tensors that the user's own cells hold, in float64."""
    for parameter in network.get_parameters():
        if parameter.dtype in FLOATS:
            parameter.set_dtype(ms.float64)
    for _, cell in network.cells_and_names():
        if type(cell).__module__.startswith("mindspore."):
            continue
        for name, value in [*vars(cell).items(), *getattr(cell, "_buffers", {}).items()]:
            if isinstance(value, Tensor) and not isinstance(value, Parameter) and value.dtype in FLOATS:
                setattr(cell, name, value.astype(ms.float64))


FLOATS = (ms.float16, ms.float32, ms.bfloat16)


def _is_float64(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype == ms.float64
