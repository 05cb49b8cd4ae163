"""Clipping in MindSpore: a function from the gradients to the clipped ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mindspore import nn, ops

from adapters.mindspore.runtime import floats
from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import clipping as spec


def no_clipping(_: spec.NoClipping, setting: Setting) -> Any:
    """The gradients unchanged."""
    return _identity


def by_value(word: spec.ByValue, setting: Setting) -> Any:
    """Clips every element."""
    return ValueClipping(word.bound, setting)


def by_norm(word: spec.ByNorm, setting: Setting) -> Any:
    """Clips each gradient by its norm."""
    return NormClipping(word.bound, setting)


def by_global_norm(word: spec.ByGlobalNorm, setting: Setting) -> Any:
    """Clips all gradients by their common norm."""
    if setting.precision == "float64":
        return _GlobalNormClippingFloat64(word.bound, setting)
    return GlobalNormClipping(word.bound, setting)


CLIPPINGS: dict[type[spec.Clipping], Callable[[Any, Setting], Any]] = {
    spec.NoClipping: no_clipping,
    spec.ByValue: by_value,
    spec.ByNorm: by_norm,
    spec.ByGlobalNorm: by_global_norm,
}


def clipping(word: spec.Clipping, setting: Setting) -> Any:
    """The function of a clipping, from the tuple of gradients to the clipped ones."""
    return made_by(CLIPPINGS, word, "mindspore")(word, setting)


class ValueClipping(nn.Cell):
    """Limits every element to between -bound and bound."""

    def __init__(self, bound: float, setting: Setting) -> None:
        super().__init__()
        self.lower, self.upper = floats(-bound, setting), floats(bound, setting)

    def construct(self, gradients: Any) -> Any:
        clipped: Any = ()
        for gradient in gradients:
            clipped += (ops.clip_by_value(gradient, self.lower, self.upper),)
        return clipped


class NormClipping(nn.Cell):
    """Scales each gradient with a norm above the bound down to the bound: `g * bound / max(|g|, bound)`."""

    def __init__(self, bound: float, setting: Setting) -> None:
        super().__init__()
        self.bound = floats(bound, setting)

    def construct(self, gradients: Any) -> Any:
        clipped: Any = ()
        for gradient in gradients:
            clipped += (gradient * (self.bound / ops.maximum(ops.sqrt((gradient * gradient).sum()), self.bound)),)
        return clipped


class GlobalNormClipping(nn.Cell):
    """Scales all gradients by one factor, `bound / max(norm, bound)` with the norm of all gradients together."""

    def __init__(self, bound: float, setting: Setting) -> None:
        super().__init__()
        self.bound = bound

    def construct(self, gradients: Any) -> Any:
        return ops.clip_by_global_norm(gradients, self.bound)


class _GlobalNormClippingFloat64(nn.Cell):
    """GlobalNormClipping from primitives, in float64."""

    def __init__(self, bound: float, setting: Setting) -> None:
        super().__init__()
        self.bound = floats(bound, setting)

    def construct(self, gradients: Any) -> Any:
        total = ops.zeros_like(self.bound)
        for gradient in gradients:
            total = total + (gradient * gradient).sum()
        clipped: Any = ()
        for gradient in gradients:
            clipped += (gradient * (self.bound / ops.maximum(ops.sqrt(total), self.bound)),)
        return clipped


def _identity(gradients: Any) -> Any:
    return gradients
