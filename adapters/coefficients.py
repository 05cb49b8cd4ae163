"""The scalar coefficients of the canonical update rules, for every step at once.

This is what makes the `exact` realisations equal to the last bit: a coefficient is computed here, on the host, in
float64, and rounded once to the precision of the arm, so that no framework computes a power or a square root of its
own. `arithmetic=np.float32` gives what a framework gets that rounds the constants to float32 first and computes with
those: the reference uses it to know its own float32 error. (For Adam that error is large: float32(0.999) is 1.3e-8
off, which is 1.3e-5 of 1 - 0.999.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import FloatArray
from harness.spec.optimizers import Adam, HeavyBall, Nesterov, Optimizer


def coefficients(spec: Optimizer, rates: FloatArray, arithmetic: Any = np.float64) -> dict[str, FloatArray]:
    """By name, one value per step (the rate included), computed in `arithmetic`.

    `rates[t]` is the learning rate of 0-based update t.
    """
    steps = len(rates)
    rate = rates.astype(arithmetic)

    def constant(value: float) -> FloatArray:
        return np.full(steps, value, arithmetic)

    match spec:
        case HeavyBall() | Nesterov():
            return {"rate": rate, "momentum": constant(spec.momentum)}
        case Adam():
            one = arithmetic(1)
            beta1, beta2 = arithmetic(spec.beta1), arithmetic(spec.beta2)
            k = np.arange(1, steps + 1).astype(arithmetic)
            return {
                "rate": rate * np.sqrt(one - beta2**k) / (one - beta1**k),
                "beta1": constant(spec.beta1),
                "rest1": constant(1 - spec.beta1),
                "beta2": constant(spec.beta2),
                "rest2": constant(1 - spec.beta2),
                "epsilon": constant(spec.epsilon),
            }
        case _:
            return {"rate": rate}
