"""The factors of the losses of one or several runs (draws), in mixed precision; 1 otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adapters.protocol import Array
from harness.records.array_types import IntArray
from harness.spec.loss_scale import DynamicLossScale


class Scaling:
    """`scales`, `finite_steps`: (draws,), S and n of `DynamicLossScale`, or the factor as it is stated."""

    def __init__(self, stated: float | DynamicLossScale | None, precision: Any, draws: int = 1) -> None:
        self.dynamic = stated if isinstance(stated, DynamicLossScale) else None
        first = stated.initial if isinstance(stated, DynamicLossScale) else stated or 1.0
        self.scales = np.full(draws, first, precision)
        self.finite_steps: IntArray = np.zeros(draws, np.int64)

    def copy(self) -> Scaling:
        """The same factors, which change on their own."""
        copied = Scaling(self.dynamic, self.scales.dtype, len(self.scales))
        copied.scales, copied.finite_steps = self.scales.copy(), self.finite_steps.copy()
        return copied

    def scaled(self, x: Array, draws: slice = slice(None)) -> Array:
        """`x` (draws * B, ...), that of each of these draws times its factor."""
        return _times(x, self.scales[draws])

    def unscaled(self, x: Array, draws: slice = slice(None)) -> Array:
        """`x`, that of each of these draws divided by its factor."""
        return _times(x, 1 / self.scales[draws])

    def finite(self, gradients: Mapping[str, Array]) -> Array:
        """(draws,): whether all gradients of a draw are finite."""
        each = [np.isfinite(value.reshape(len(self.scales), -1)).all(axis=1) for value in gradients.values()]
        return np.all(each, axis=0)

    def adjust(self, finite: Array) -> None:
        """The factors after a step in which the gradients of each draw were finite or not."""
        assert self.dynamic is not None
        for draw, is_finite in enumerate(finite):
            scale, finite_steps = float(self.scales[draw]), int(self.finite_steps[draw])
            self.scales[draw], self.finite_steps[draw] = self.dynamic.after(scale, finite_steps, bool(is_finite))


def _times(x: Array, factors: Array) -> Array:
    """`x` itself, which may be large, where the factors are 1."""
    if (factors == 1).all():
        return x
    return (x.reshape(len(factors), -1) * factors[:, None]).reshape(x.shape)
