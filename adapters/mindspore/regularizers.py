"""Penalties in MindSpore: a function from the kernels to a number, added to the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mindspore import nn, ops

from adapters.mindspore.runtime import floats
from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import regularizers as spec


def no_regularizer(_: spec.NoRegularizer, setting: Setting) -> Any:
    """No penalty."""
    return _no_penalty


def l1(word: spec.L1, setting: Setting) -> Any:
    """`l1 * sum(|w|)`."""
    return Penalty(word.l1, 0.0, setting)


def l2(word: spec.L2, setting: Setting) -> Any:
    """`l2 * sum(w * w)`."""
    return Penalty(0.0, word.l2, setting)


def l1_l2(word: spec.L1L2, setting: Setting) -> Any:
    """`l1 * sum(|w|) + l2 * sum(w * w)`."""
    return Penalty(word.l1, word.l2, setting)


REGULARIZERS: dict[type[spec.Regularizer], Callable[[Any, Setting], Any]] = {
    spec.NoRegularizer: no_regularizer,
    spec.L1: l1,
    spec.L2: l2,
    spec.L1L2: l1_l2,
}


def penalty(word: spec.Regularizer, setting: Setting) -> Any:
    """The function of a regularizer, from the kernels to the penalty."""
    return made_by(REGULARIZERS, word, "mindspore")(word, setting)


class Penalty(nn.Cell):
    """`l1 * sum(|w|) + l2 * sum(w * w)`, summed over all kernels."""

    def __init__(self, l1: float, l2: float, setting: Setting) -> None:
        super().__init__()
        self.has_l1, self.has_l2 = l1 > 0, l2 > 0
        self.l1, self.l2 = floats(l1, setting), floats(l2, setting)

    def construct(self, kernels: Any) -> Any:
        total = ops.zeros_like(self.l1)
        for w in kernels:
            if self.has_l1:
                total = total + self.l1 * ops.abs(w).sum()
            if self.has_l2:
                total = total + self.l2 * (w * w).sum()
        return total


def _no_penalty(kernels: Any) -> Any:
    return 0
