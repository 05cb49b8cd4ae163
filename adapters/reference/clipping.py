"""Each clipping, on all gradients of a step together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.protocol import Array, Parameters, made_by
from harness.spec import clipping as spec


def clip(word: spec.Clipping, gradients: Parameters) -> dict[str, Array]:
    return made_by(CLIPPINGS, word, "reference")(word, gradients)


def none(_: spec.NoClipping, gradients: Parameters) -> dict[str, Array]:
    return dict(gradients)


CLIPPINGS: dict[type[spec.Clipping], Callable[[Any, Parameters], dict[str, Array]]] = {
    spec.NoClipping: none,
}
