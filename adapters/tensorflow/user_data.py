"""The inputs and outputs of a user's own keras.Model, and what is around the network in it."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.protocol import Array
from adapters.setting import Setting
from adapters.tensorflow.runtime import floats, integers
from adapters.user_data import (
    MisfitError,
    Output,
    Parts,
    Path,
    Signature,
    count,
    from_channels_last,
    in_words,
    leaves,
    mapped,
    name_of,
    ordered,
    parts_of,
)
from harness.spec.arm import Layout

NOT_DATA = ("training", "mask")  # arguments of a call that are no inputs


def arguments(network: Any, x: Parts, layout: Layout, setting: Setting) -> tuple[Any, ...]:
    """The positional arguments of the network for a batch's x, as tensors. Raises MisfitError if it takes others."""

    def tensor(value: Array) -> Any:
        moved = from_channels_last(value, layout)
        if value.dtype == bool:
            return tf.constant(moved, tf.bool)
        return floats(moved, setting) if np.issubdtype(value.dtype, np.floating) else integers(moved)

    inputs = _graph_inputs(network)
    fitting = ordered(x, _signature(network)) if inputs is None else (_of_graph(network, inputs, x),)
    return tuple(mapped(tensor, value) for value in fitting)


def outputs(value: Any) -> list[tuple[Path, Any]]:
    """The tensors that the network returned, with their paths."""
    return leaves(value, lambda part: tf.is_tensor(part) or isinstance(part, keras.Variable))


def described(path: Path, tensor: Any) -> Output:
    """An output by its name and its shape."""
    return Output(name_of(path), tuple(tensor.shape), bool(tf.as_dtype(tensor.dtype).is_floating))


def without_training(network: Any) -> tuple[Any, list[str]]:
    """The network without the loss and the optimizer that it is wrapped in, and sentences on what is left out."""
    left_out: list[str] = []
    if getattr(network, "compiled", False):
        parts = [f"optimizer {_optimizer(network.optimizer)}"] if network.optimizer is not None else []
        parts += [f"loss {_shown(network.loss)}"] if network.loss is not None else []
        parts += ["metrics"] if getattr(network, "_compile_metrics", None) is not None else []
        left_out.append(f"compiled with {', '.join(parts) or 'nothing'}")
    if isinstance(network, keras.Model) and type(network).train_step is not keras.Model.train_step:
        left_out.append(f"a train_step of {type(network).__name__}'s own")
    said = _uncompiled(network)
    if left_out:
        said.append(f"{', '.join(left_out)}: only the network in it is compared, with the pair's loss and optimizer")
    return network, said


def not_registered(network: Any) -> list[str]:
    """Sentences on variables of TensorFlow that the user's layers hold, which the framework ignores."""
    known = {id(parameter.value) for parameter in network.weights}
    return [
        f"{type(layer).__name__}.{key} is a tf.Variable, which Keras does not know and does not train; use add_weight"
        for layer in network._flatten_layers(include_self=True)
        for key, value in vars(layer).items()
        if isinstance(value, tf.Variable) and id(value) not in known
    ]


def _uncompiled(network: Any) -> list[str]:
    """Takes `tf.function` off the methods of the user's layers, in which no layer could be seen; says where it was."""
    names = []
    for kind in {type(layer) for layer in network._flatten_layers(include_self=True)}:
        for base in kind.__mro__[: kind.__mro__.index(keras.layers.Layer)]:
            for name, method in list(vars(base).items()):
                if hasattr(method, "python_function") and hasattr(method, "get_concrete_function"):
                    setattr(base, name, method.python_function)
                    names.append(f"{base.__name__}.{name}")
    return [f"{', '.join(sorted(names))}: compiled only as the arm's mode says, not by tf.function"] if names else []


def _optimizer(optimizer: Any) -> str:
    """An optimizer with its rate: `SGD (learning_rate 0.1)`."""
    rate: Any = getattr(optimizer, "_learning_rate", None)
    is_number = isinstance(rate, keras.Variable | float | int)
    return f"{type(optimizer).__name__} (learning_rate {float(rate):g})" if is_number else type(optimizer).__name__


def _shown(loss: Any) -> str:
    """A loss as it was compiled: its name, or its class."""
    if isinstance(loss, dict):
        return ", ".join(f"{name}: {_shown(part)}" for name, part in loss.items())
    if isinstance(loss, list | tuple):
        return ", ".join(map(_shown, loss))
    return loss if isinstance(loss, str) else str(getattr(loss, "__name__", type(loss).__name__))


def _graph_inputs(network: Any) -> dict[str, str] | None:
    """By name, the inputs of a functional model; None for any other."""
    if not hasattr(network, "_inputs_struct"):
        return None
    structure = network._inputs_struct
    if isinstance(structure, dict):
        return {name: name for name in structure}
    return {tensor.name: tensor.name for tensor in network.inputs}


def _of_graph(network: Any, names: dict[str, str], x: Parts) -> Any:
    """The argument of a functional model, in its structure of inputs."""
    given = parts_of(x)
    if isinstance(x, tuple) or (len(names) == len(given) == 1 and not isinstance(x, dict)):
        given = dict(zip(names, given.values(), strict=False)) if len(given) == len(names) else given
    if set(given) != set(names):
        listed = f"the model takes {count(len(names), 'input')} ({', '.join(names)})"
        raise MisfitError(f"{listed}; x has {in_words(x)}")
    if isinstance(network._inputs_struct, dict):
        return {name: given[name] for name in names}
    fitting = tuple(given[name] for name in names)
    return fitting[0] if len(fitting) == 1 else fitting


def _signature(network: Any) -> Signature:
    owner, method = f"{type(network).__name__}.call", network.call
    if isinstance(network, keras.Sequential):  # its call passes one input on
        return Signature(owner, ("inputs",), 1)
    parameters = [p for p in inspect.signature(method).parameters.values() if p.name not in NOT_DATA]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = sum(p.default is p.empty for p in positional)
    return Signature(owner, tuple(p.name for p in positional), required, variadic)
