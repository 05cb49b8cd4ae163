"""The factor of the loss in mixed precision, in MindSpore: a number, or a parameter that follows a rule.

The rule is composed of MindSpore's operations, as `mindspore.amp.DynamicLossScaler` has it, whose methods are compiled
functions of their own.
"""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops

from harness.spec.loss_scale import DynamicLossScale


class LossScaler(nn.Cell):
    """The factor. `dynamic`: whether it is a parameter, and updates whose gradients are not finite are skipped."""

    def __init__(self, stated: float | DynamicLossScale) -> None:
        super().__init__()
        self.dynamic = isinstance(stated, DynamicLossScale)
        self.rule = stated if isinstance(stated, DynamicLossScale) else DynamicLossScale(initial=stated)
        self.growth, self.window = self.rule.factor, self.rule.window
        self.factor = Parameter(Tensor(self.rule.initial, ms.float32), name="loss_scale", requires_grad=False)
        self.finite_steps = Parameter(Tensor(0, ms.int32), name="finite_steps", requires_grad=False)

    def scaled(self, value: Any) -> Any:
        """The loss times the factor."""
        return value * self.factor

    def unscaled(self, gradients: Any) -> Any:
        """The gradients divided by the factor."""
        divided: Any = ()
        for gradient in gradients:
            divided += (gradient / self.factor,)
        return divided

    def all_finite(self, gradients: Any) -> Any:
        """Whether all gradients are finite, a tensor."""
        is_finite = ops.isfinite(gradients[0]).all()
        for gradient in gradients[1:]:
            is_finite = ops.logical_and(is_finite, ops.isfinite(gradient).all())
        return is_finite

    def finite_or_zero(self, gradients: Any, is_finite: Any) -> Any:
        """The gradients where they are finite, else zeros."""
        chosen: Any = ()
        for gradient in gradients:
            chosen += (ops.where(is_finite, gradient, ops.zeros_like(gradient)),)
        return chosen

    def adjust(self, is_finite: Any) -> Any:
        """Changes the factor after a step whose gradients were finite or not, as `DynamicLossScale` says."""
        count = self.finite_steps + 1
        grown = self.factor * self.growth
        is_full = count == self.window
        larger = ops.where(ops.logical_and(is_full, ops.isfinite(grown)), grown, self.factor)
        smaller = ops.maximum(self.factor / self.growth, Tensor(1.0, ms.float32))
        factor = ops.where(is_finite, larger, smaller)
        zero = ops.zeros_like(count)
        finite_steps = ops.where(ops.logical_and(is_finite, ops.logical_not(is_full)), count, zero)
        return ops.assign(self.factor, factor), ops.assign(self.finite_steps, finite_steps)

    def number(self) -> float:
        """The factor now."""
        return float(self.factor.asnumpy())

    def set_number(self, number: float) -> None:
        """Overwrites the factor, and not the number of finite steps."""
        ops.assign(self.factor, Tensor(number, ms.float32))

    def restart(self) -> None:
        """Resets the factor and the number of finite steps to their start."""
        ops.assign(self.factor, Tensor(self.rule.initial, ms.float32))
        ops.assign(self.finite_steps, Tensor(0, ms.int32))
