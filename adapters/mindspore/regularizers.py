"""Penalties in MindSpore: a function from the kernels to a number, added to the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mindspore import nn, ops

from adapters.mindspore.runtime import floats
from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import regularizers as spec


def none(_: spec.NoRegularizer, setting: Setting) -> Any:
    return _nothing


def l1(word: spec.L1, setting: Setting) -> Any:
    return Penalty(word.l1, 0.0, setting)


def l2(word: spec.L2, setting: Setting) -> Any:
    return Penalty(0.0, word.l2, setting)


def l1_l2(word: spec.L1L2, setting: Setting) -> Any:
    return Penalty(word.l1, word.l2, setting)


REGULARIZERS: dict[type[spec.Regularizer], Callable[[Any, Setting], Any]] = {
    spec.NoRegularizer: none,
    spec.L1: l1,
    spec.L2: l2,
    spec.L1L2: l1_l2,
}


def penalty(word: spec.Regularizer, setting: Setting) -> Any:
    return made_by(REGULARIZERS, word, "mindspore")(word, setting)


class Penalty(nn.Cell):
    """`of_sizes * sum(|w|) + of_squares * sum(w * w)` over all kernels."""

    def __init__(self, of_sizes: float, of_squares: float, setting: Setting) -> None:
        super().__init__()
        self.with_sizes, self.with_squares = of_sizes > 0, of_squares > 0
        self.of_sizes, self.of_squares = floats(of_sizes, setting), floats(of_squares, setting)

    def construct(self, kernels: Any) -> Any:
        total = ops.zeros_like(self.of_sizes)
        for w in kernels:
            if self.with_sizes:
                total = total + self.of_sizes * ops.abs(w).sum()
            if self.with_squares:
                total = total + self.of_squares * (w * w).sum()
        return total


def _nothing(kernels: Any) -> Any:
    return 0
