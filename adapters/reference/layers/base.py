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


def pulled_back(
    applied: list[tuple[str, Applied]], upstream: Array, unscaled: Callable[[Array], Array]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """The gradients by all parameters, and the new state of all layers, by name. `applied` is emptied.

    `applied`: the layers' results by name, the last of which has the gradient `upstream`. `unscaled`: applied to each
    gradient by a parameter.
    """
    gradients: dict[str, Array] = {}
    state: dict[str, Array] = {}
    while applied:  # what a layer keeps for its gradients is freed after them
        name, layer = applied.pop()
        upstream, by_parameter = layer.pullback(upstream)
        gradients |= {f"{name}/{key}": unscaled(value) for key, value in by_parameter.items()}
        state |= {f"{name}/{key}": value for key, value in layer.state.items()}
    return gradients, state


# The layer, its parameters by name within it, x, its noise by name within it, and whether this is training.
Apply = Callable[[PlacedLayer, Parameters, Array, Parameters, bool], Applied]


def within(placed: PlacedLayer, arrays: Parameters) -> dict[str, Array]:
    """The layer's arrays, by their names within the layer."""
    return below(f"{placed.name}/", arrays)


def below(prefix: str, arrays: Parameters) -> dict[str, Array]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
