"""Clipping in MindSpore: a function from the gradients to the clipped ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mindspore import nn, ops

from adapters.mindspore.runtime import floats
from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import clipping as spec


def none(_: spec.NoClipping, setting: Setting) -> Any:
    return _as_they_are


def by_value(word: spec.ByValue, setting: Setting) -> Any:
    return Elementwise(word.bound, setting)


def by_norm(word: spec.ByNorm, setting: Setting) -> Any:
    return OneByOne(word.bound, setting)


def by_global_norm(word: spec.ByGlobalNorm, setting: Setting) -> Any:
    if setting.precision == "float64":
        return _TogetherInFloat64(word.bound, setting)
    return Together(word.bound, setting)


CLIPPINGS: dict[type[spec.Clipping], Callable[[Any, Setting], Any]] = {
    spec.NoClipping: none,
    spec.ByValue: by_value,
    spec.ByNorm: by_norm,
    spec.ByGlobalNorm: by_global_norm,
}


def clipping(word: spec.Clipping, setting: Setting) -> Any:
    return made_by(CLIPPINGS, word, "mindspore")(word, setting)


class Elementwise(nn.Cell):
    """Every number between -bound and bound."""

    def __init__(self, bound: float, setting: Setting) -> None:
        super().__init__()
        self.least, self.most = floats(-bound, setting), floats(bound, setting)

    def construct(self, gradients: Any) -> Any:
        clipped: Any = ()
        for g in gradients:
            clipped += (ops.clip_by_value(g, self.least, self.most),)
        return clipped


class OneByOne(nn.Cell):
    """Each gradient brought down to the bound's length."""

    def __init__(self, bound: float, setting: Setting) -> None:
        super().__init__()
        self.bound = floats(bound, setting)

    def construct(self, gradients: Any) -> Any:
        clipped: Any = ()
        for g in gradients:
            clipped += (g * (self.bound / ops.maximum(ops.sqrt((g * g).sum()), self.bound)),)
        return clipped


class Together(nn.Cell):
    """All gradients as one vector brought down to the bound's length."""

    def __init__(self, bound: float, setting: Setting) -> None:
        super().__init__()
        self.bound = bound

    def construct(self, gradients: Any) -> Any:
        return ops.clip_by_global_norm(gradients, self.bound)


class _TogetherInFloat64(nn.Cell):
    """Likewise, from primitives."""

    def __init__(self, bound: float, setting: Setting) -> None:
        super().__init__()
        self.bound = floats(bound, setting)

    def construct(self, gradients: Any) -> Any:
        total = ops.zeros_like(self.bound)
        for g in gradients:
            total = total + (g * g).sum()
        clipped: Any = ()
        for g in gradients:
            clipped += (g * (self.bound / ops.maximum(ops.sqrt(total), self.bound)),)
        return clipped


def _as_they_are(gradients: Any) -> Any:
    return gradients
