"""Clipping in MindSpore: a function from the gradients to the clipped ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import clipping as spec


def none(_: spec.NoClipping, setting: Setting) -> Any:
    return _as_is


def by_value(word: spec.ByValue, setting: Setting) -> Any:
    return Elementwise(word.bound, setting)


def by_norm(word: spec.ByNorm, setting: Setting) -> Any:
    return Shortened(word.bound, False, setting)


def by_global_norm(word: spec.ByGlobalNorm, setting: Setting) -> Any:
    if setting.precision == "float32":
        return Together(word.bound)
    return Shortened(word.bound, True, setting)


CLIPPINGS: dict[type[spec.Clipping], Callable[[Any, Setting], Any]] = {
    spec.NoClipping: none,
    spec.ByValue: by_value,
    spec.ByNorm: by_norm,
    spec.ByGlobalNorm: by_global_norm,
}


def clipping(word: spec.Clipping, setting: Setting) -> Any:
    return made_by(CLIPPINGS, word, "mindspore")(word, setting)


class Elementwise(nn.Cell):
    def __init__(self, bound: float, setting: Setting) -> None:
        super().__init__()
        dtype = getattr(ms, setting.precision)
        self.least, self.most = Tensor(-bound, dtype), Tensor(bound, dtype)

    def construct(self, gradients: Any) -> Any:
        clipped: Any = ()
        for g in gradients:
            clipped += (ops.clip_by_value(g, self.least, self.most),)
        return clipped


class Together(nn.Cell):
    def __init__(self, bound: float) -> None:
        super().__init__()
        self.bound = bound

    def construct(self, gradients: Any) -> Any:
        return ops.clip_by_global_norm(gradients, self.bound)


class Shortened(nn.Cell):
    """Each gradient, or all of them together, brought down to the bound's length."""

    def __init__(self, bound: float, together: bool, setting: Setting) -> None:
        super().__init__()
        self.together, self.bound = together, Tensor(bound, getattr(ms, setting.precision))

    def construct(self, gradients: Any) -> Any:
        total = ops.zeros_like(self.bound)
        for g in gradients:
            total = total + (g * g).sum()
        clipped: Any = ()
        for g in gradients:
            length = ops.sqrt(total if self.together else (g * g).sum())
            clipped += (g * (self.bound / ops.maximum(length, self.bound)),)
        return clipped


def _as_is(gradients: Any) -> Any:
    return gradients
