"""The inputs and outputs of a user's own nn.Cell, and what is around the network in it."""

from __future__ import annotations

import inspect
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from adapters.mindspore.runtime import floats, integers
from adapters.protocol import Array
from adapters.setting import Setting
from adapters.user_data import Output, Parts, Path, Signature, from_channels_last, leaves, mapped, name_of, ordered
from harness.spec.arm import Layout

WRAPPED = {  # by class, the attribute with what it wraps
    nn.TrainOneStepCell: "network",
    nn.WithLossCell: "_backbone",
    nn.WithEvalCell: "_network",
    nn.WithGradCell: "network",
    nn.ForwardValueAndGrad: "network",
}


def arguments(network: Any, x: Parts, layout: Layout, setting: Setting) -> tuple[Any, ...]:
    """The positional arguments of the network for a batch's x, as tensors. Raises MisfitError if it takes others."""

    def tensor(value: Array) -> Any:
        moved = from_channels_last(value, layout)
        if value.dtype == bool:
            return Tensor(moved, ms.bool_)
        return floats(moved, setting) if np.issubdtype(value.dtype, np.floating) else integers(moved)

    return tuple(mapped(tensor, value) for value in ordered(x, _signature(network)))


def outputs(value: Any) -> list[tuple[Path, Any]]:
    """The tensors that the network returned, with their paths."""
    return leaves(value, lambda part: isinstance(part, Tensor))


def described(path: Path, tensor: Any) -> Output:
    """An output by its name and its shape."""
    return Output(name_of(path), tuple(tensor.shape), bool(tensor.is_floating_point()))


def without_training(network: Any) -> tuple[Any, list[str]]:
    """The network without the loss and the optimizer that it is wrapped in, and sentences on what is left out."""
    left_out: list[str] = []
    while True:
        inner = next((name for kind, name in WRAPPED.items() if isinstance(network, kind)), None)
        if inner is None:
            break
        left_out.append(_in_words(network))
        network = getattr(network, inner)
    said = _uncompiled(network)
    if left_out:
        said.append(f"{', '.join(left_out)}: only the network in it is compared, with the pair's loss and optimizer")
    return network, said


def not_registered(network: Any) -> list[str]:
    """Sentences on cells that the user's cells hold in plain lists or dicts, whose parameters the framework ignores."""
    cells = [cell for _, cell in network.cells_and_names()]
    known = set(map(id, cells))
    return [
        f"{type(cell).__name__}.{key} is a {type(value).__name__} of cells, whose parameters MindSpore does not know; "
        f"use nn.{'CellDict' if isinstance(value, dict) else 'CellList'}"
        for cell in cells
        for key, value in vars(cell).items()
        if any(isinstance(part, nn.Cell) and id(part) not in known for part in _parts(value))
    ]


def _parts(value: Any) -> list[Any]:
    """What a list, a tuple or a dict holds; nothing of anything else."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def _uncompiled(network: Any) -> list[str]:
    """Takes `ms.jit` off the methods of the user's cells, in which no layer could be seen; says where it was."""
    names = []
    for kind in {type(cell) for _, cell in network.cells_and_names()}:
        for base in kind.__mro__[: kind.__mro__.index(nn.Cell)]:
            for name, method in list(vars(base).items()):
                if getattr(method, "__wrapped_by_jit__", False):
                    setattr(base, name, method.__wrapped__)
                    names.append(f"{base.__name__}.{name}")
    return [f"{', '.join(sorted(names))}: compiled only as the arm's mode says, not by ms.jit"] if names else []


def _in_words(cell: Any) -> str:
    """A wrapping cell with its loss or optimizer: `WithLossCell with MSELoss`."""
    name = type(cell).__name__
    for part in (getattr(cell, key, None) for key in ("optimizer", "_loss_fn", "loss_fn")):
        if part is not None:
            return f"{name} with {type(part).__name__}{_rate(part)}"
    return name


def _rate(optimizer: Any) -> str:
    rate = getattr(optimizer, "learning_rate", None)
    if isinstance(rate, Tensor) and rate.size == 1:
        return f" (learning_rate {float(rate.asnumpy()):g})"
    return "" if rate is None else f" (learning_rate {type(rate).__name__})"


def _signature(network: Any) -> Signature:
    parameters = list(inspect.signature(network.construct).parameters.values())
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = sum(p.default is p.empty for p in positional)
    return Signature(f"{type(network).__name__}.construct", tuple(p.name for p in positional), required, variadic)
