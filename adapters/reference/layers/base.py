"""The result of every layer of the reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.protocol import Array, Parameters
from harness.spec.activations import Activation
from harness.spec.model import PlacedLayer

Pullback = Callable[[Array], tuple[Array, dict[str, Array]]]


@dataclass(frozen=True)
class Applied:
    """`y`: the output. `pullback`: from dy to dx and the gradients by trainable parameter.

    `state`: the new values of parameters that the layer itself updates, by name. `bent`: each activation with a kink
    within the layer, with its input, by the name of its layer within this one.
    """

    y: Array
    pullback: Pullback
    state: dict[str, Array] = field(default_factory=dict)
    bent: dict[str, tuple[Activation, Array]] = field(default_factory=dict)


# The layer, its parameters by name within it, x, its noise by name within it, and whether this is training.
Apply = Callable[[PlacedLayer, Parameters, Array, Parameters, bool], Applied]


def within(placed: PlacedLayer, arrays: Parameters) -> dict[str, Array]:
    """The layer's arrays, by their names within the layer."""
    return below(f"{placed.name}/", arrays)


def below(prefix: str, arrays: Parameters) -> dict[str, Array]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
