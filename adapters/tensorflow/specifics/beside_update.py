"""What Keras does in a training beside the gradients of the loss and their update: penalties and constraints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def penalties_of(parameters: Mapping[str, Any], network: Any) -> list[str]:
    """What is added to the loss, as `dense/kernel: L2(l2=0.1)`: by parameter, by output, or a loss of a layer's own.

    The network has been called in training.
    """
    found = [
        f"{name}: {_shown(parameter.regularizer)}"
        for name, parameter in parameters.items()
        if parameter.trainable and parameter.regularizer is not None
    ]
    for layer in network._flatten_layers(include_self=True):
        if layer.activity_regularizer is not None:
            found.append(f"{layer.name}.output: {_shown(layer.activity_regularizer)}")
        elif layer._losses:
            found.append(f"{layer.name}: add_loss")
    return found


def constraints_of(parameters: Mapping[str, Any]) -> list[str]:
    """What each parameter is held to after every update, as `dense/kernel: MaxNorm(max_value=2)`."""
    return [
        f"{name}: {_shown(parameter.constraint)}"
        for name, parameter in parameters.items()
        if parameter.trainable and parameter.constraint is not None
    ]


def holding(apply_gradients: Callable[[Any], None], parameters: Iterable[Any]) -> Callable[[Any], None]:
    """An update that is none of Keras' optimizers, followed by the constraints, as theirs is."""
    held = [parameter for parameter in parameters if parameter.constraint is not None]
    if not held:
        return apply_gradients

    def apply(gradients: Any) -> None:
        apply_gradients(gradients)
        for parameter in held:
            parameter.assign(parameter.constraint(parameter))

    return apply


def _shown(rule: Any) -> str:
    """A penalty or constraint by its class, with its numbers: `L2(l2=0.1)`."""
    if not hasattr(rule, "get_config"):
        return str(getattr(rule, "__name__", type(rule).__name__))
    config = rule.get_config()
    numbers = ", ".join(f"{key}={float(value):g}" for key, value in config.items() if isinstance(value, int | float))
    return f"{type(rule).__name__}({numbers})"
