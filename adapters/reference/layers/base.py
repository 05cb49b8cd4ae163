"""What every layer of the reference gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.protocol import Array, Parameters
from harness.spec.activations import Activation
from harness.spec.model import PlacedLayer

Pullback = Callable[[Array], tuple[Array, dict[str, Array]]]


@dataclass(frozen=True)
class Applied:
    """The output, what gives the gradients by the input and by the trainable parameters, and what the layer kept.

    `bent`: each activation with a kink within the layer, and what went into it, by its layer's name there.
    """

    y: Array
    pullback: Pullback
    state: dict[str, Array] = field(default_factory=dict)
    bent: dict[str, tuple[Activation, Array]] = field(default_factory=dict)


# `own` and `noise` hold the layer's parameters and random numbers under their names within the layer.
Apply = Callable[[PlacedLayer, Parameters, Array, Parameters, bool], Applied]


def within(placed: PlacedLayer, arrays: Parameters) -> dict[str, Array]:
    """Those of the arrays that are the layer's, under their names within it."""
    return below(f"{placed.name}/", arrays)


def below(prefix: str, arrays: Parameters) -> dict[str, Array]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
