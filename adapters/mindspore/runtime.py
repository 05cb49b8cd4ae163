"""Between NumPy and MindSpore, and how an arm's mode runs a function."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor

from adapters.protocol import Array
from adapters.setting import Setting


def floats(value: Any, setting: Setting) -> Any:
    """A tensor in the arm's precision."""
    return Tensor(value, getattr(ms, setting.precision))


def integers(value: Any) -> Any:
    """An int32 tensor."""
    return Tensor(value, ms.int32)


def variable(name: str, value: Any, setting: Setting, trainable: bool = True) -> Any:
    """What an optimizer moves: a Parameter in the arm's precision."""
    return Parameter(floats(value, setting), name=name.replace("/", "."), requires_grad=trainable)


def array(tensor: Any) -> Array:
    """A copy, for `asnumpy` is a live view."""
    return np.array(tensor.asnumpy())


def compiles(setting: Setting) -> bool:
    return setting.mode == "jit"


def compiled(function: Any, setting: Setting) -> Any:
    """The function as the arm's mode runs it."""
    return ms.jit(function) if compiles(setting) else function
