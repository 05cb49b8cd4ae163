"""The clippings, each applied to all gradients of a step together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters, made_by
from adapters.reference.draws import onto, summed
from harness.spec import clipping as spec


def clip(word: spec.Clipping, gradients: Parameters) -> dict[str, Array]:
    return made_by(CLIPPINGS, word, "reference")(word, gradients)


def none(_: spec.NoClipping, gradients: Parameters) -> dict[str, Array]:
    return dict(gradients)


def by_value(s: spec.ByValue, gradients: Parameters) -> dict[str, Array]:
    return {name: np.clip(g, -g.dtype.type(s.bound), g.dtype.type(s.bound)) for name, g in gradients.items()}


def by_norm(s: spec.ByNorm, gradients: Parameters) -> dict[str, Array]:
    return {name: _shortened(g, np.sqrt(summed(g * g)), s.bound) for name, g in gradients.items()}


def by_global_norm(s: spec.ByGlobalNorm, gradients: Parameters) -> dict[str, Array]:
    norm = np.sqrt(np.array([summed(g * g) for g in gradients.values()]).sum(axis=0))
    return {name: _shortened(g, norm, s.bound) for name, g in gradients.items()}


def _shortened(g: Array, norm: Any, bound: float) -> Array:
    limit = g.dtype.type(bound)
    return g * onto(limit / np.maximum(norm, limit), g)


CLIPPINGS: dict[type[spec.Clipping], Callable[[Any, Parameters], dict[str, Array]]] = {
    spec.NoClipping: none,
    spec.ByValue: by_value,
    spec.ByNorm: by_norm,
    spec.ByGlobalNorm: by_global_norm,
}
