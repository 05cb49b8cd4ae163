"""Conversions between NumPy and MindSpore, and compiling functions according to the mode of an arm."""

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
    """A Parameter in the arm's precision."""
    dotted_name = name.replace("/", ".")
    return Parameter(floats(value, setting), name=dotted_name, requires_grad=trainable)


def array(tensor: Any) -> Array:
    """A copy as a NumPy array, because `asnumpy` is a view of the tensor."""
    return np.array(tensor.asnumpy())


def compiles(setting: Setting) -> bool:
    """Whether the mode of the arm compiles functions."""
    return setting.compiler == "jit"


def compiled(function: Any, setting: Setting) -> Any:
    """The function compiled if the mode of the arm compiles, else unchanged."""
    level = "O1" if setting.mode == "jit_o1" else "O0"
    return ms.jit(function, jit_level=level) if compiles(setting) else function
