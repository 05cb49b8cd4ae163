"""The factor of the loss in mixed precision, where it changes with the training."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.spec.base import Spec

LARGEST_SCALE = 2.0**64  # times a loss of 1e19, the largest number of float32
Factor = Annotated[float, Field(ge=1, le=LARGEST_SCALE)]


class DynamicLossScale(Spec):
    """The factor `S` of the loss, as large as the gradients of 16 bits allow (Micikevicius et al., 2018, section 3.2).

    `S = initial` and `n = 0` at first. After the gradients of `S` times the loss were computed, cast to float32 and
    divided by S:

    - where all of them are finite, they are applied, and `n` becomes `n + 1`; if that is `window`, `S` becomes
      `factor * S`, unless that overflows float32, and `n` becomes 0;
    - otherwise the update is skipped: weights, slots and the number of updates, which the schedule counts, stay; `S`
      becomes `max(S / factor, 1)`, and `n` becomes 0. The gradients of this step count as 0.

    What a layer keeps by itself, such as moving statistics, changes in every step.
    """

    initial: Factor = 2.0**16
    factor: Annotated[float, Field(gt=1, le=1024)] = 2.0
    window: Annotated[int, Field(gt=0)] = 1000

    def after(self, scale: float, finite_steps: int, is_finite: bool) -> tuple[float, int]:
        """S and n after a step with these."""
        if not is_finite:
            return max(scale / self.factor, 1.0), 0
        if finite_steps + 1 < self.window:
            return scale, finite_steps + 1
        grown = scale * self.factor
        return (grown if grown < 2.0**128 else scale), 0
