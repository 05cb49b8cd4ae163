"""The operations of MindSpore in which its ledger knows errors, for users' own models.

The kernels of float32 are coarse, those of float64 are right: an operation is computed exactly in float64.
"""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Tensor, ops
from mindspore.ops.auto_generate import gen_ops_prim, pyboost_inner_prim
from mindspore.ops.operations import nn_ops

from adapters.exact_operations import Function, Operation, Operations
from adapters.mindspore.specifics.float64.switching import FLOATS


def _in_float64(native: Function) -> Function:
    """The function computed in float64, whose result has the type of its argument."""

    def call(*given: Any, **options: Any) -> Any:
        dtype = next((value.dtype for value in given if _is_narrow(value)), None)
        if dtype is None:
            return native(*given, **options)
        widened = [value.astype(ms.float64) if _is_narrow(value) else value for value in given]
        return native(*widened, **options).astype(dtype)

    return call


def _is_narrow(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype in FLOATS


# Primitives are Python classes. Functions such as ops.tanh call them; methods of tensors do not.
PRIMITIVES: dict[str, tuple[Any, ...]] = {
    "activation/tanh": (ops.Tanh,),
    "activation/sigmoid": (ops.Sigmoid,),
    "activation/silu": (gen_ops_prim.SiLU,),
    "activation/softmax": (ops.Softmax, pyboost_inner_prim._PyboostSoftmaxPrim),
    "activation/log_softmax": (
        ops.LogSoftmax,
        gen_ops_prim.LogSoftmaxExt,
        pyboost_inner_prim._PyboostLogSoftmaxPrim,
    ),
    "activation/softplus": (nn_ops.Softplus, gen_ops_prim.SoftplusExt),
    "activation/elu": (gen_ops_prim.Elu, gen_ops_prim.EluExt),
    "activation/exponential": (ops.Exp,),
    "activation/mish": (nn_ops.Mish,),
    "activation/selu": (nn_ops.SeLU,),
}
METHODS = {"activation/tanh": "tanh", "activation/sigmoid": "sigmoid", "activation/exponential": "exp"}

OPERATIONS = Operations(
    [
        *(Operation(word, kind, "__call__", _in_float64) for word, kinds in PRIMITIVES.items() for kind in kinds),
        *(Operation(word, Tensor, name, _in_float64) for word, name in METHODS.items()),
    ]
)
