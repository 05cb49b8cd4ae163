"""The canonical update rules and their scalar coefficients: what the `exact` realisation of every framework computes.

A coefficient is computed here, on the host, in float64, for every step at once, and rounded once to the precision of
the arm, so that no framework computes a power of its own; the rules are written in operators that the tensors of both
frameworks share. So float32 weights come out equal to the last bit. The reference has rules of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.protocol import FloatArray, made_by
from harness.spec import optimizers as spec

Coefficients = Mapping[str, Any]
Updated = tuple[Any, tuple[Any, ...]]


def coefficients(word: spec.Optimizer, rates: FloatArray, arithmetic: Any = np.float64) -> dict[str, FloatArray]:
    """By name, one value per step, computed in `arithmetic`. `rates[t]` is the learning rate of 0-based update t.

    `arithmetic=np.float32` gives what a framework gets that rounds the constants first and computes with those: the
    reference knows its own float32 error by it. (For Adam that error is large: float32(0.999) is 1.3e-8 off, which is
    1.3e-5 of 1 - 0.999.)
    """
    rule = made_by(RULES, word, "canonical")
    scalars = rule.coefficients(word, rates.astype(arithmetic), arithmetic)
    return {name: np.broadcast_to(np.asarray(value, arithmetic), rates.shape) for name, value in scalars.items()}


@dataclass(frozen=True)
class Rule:
    """`update(word, c, w, g, slots, sqrt)` gives the new weight and slots; `c` holds the coefficients of the step."""

    slots: int
    coefficients: Callable[[Any, FloatArray, Any], dict[str, Any]]
    update: Callable[[Any, Coefficients, Any, Any, Any, Any], Updated]


def rate_alone(_: spec.Optimizer, rate: FloatArray, f: Any) -> dict[str, Any]:
    return {"rate": rate}


def rate_and_momentum(s: Any, rate: FloatArray, f: Any) -> dict[str, Any]:
    return {"rate": rate, "momentum": s.momentum}


def adam_coefficients(s: spec.Adam, rate: FloatArray, f: Any) -> dict[str, Any]:
    k = np.arange(1, len(rate) + 1).astype(f)
    corrected = rate * np.sqrt(_one_minus_power(f(s.beta2), k)) / _one_minus_power(f(s.beta1), k)
    constants = {"beta1": s.beta1, "rest1": 1 - s.beta1, "beta2": s.beta2, "rest2": 1 - s.beta2, "epsilon": s.epsilon}
    return {"rate": corrected, **constants}


def _one_minus_power(beta: Any, k: FloatArray) -> FloatArray:
    """`1 - beta ** k`, in float64 without the cancellation that float32 arithmetic is left with."""
    if k.dtype != np.float64:
        return k.dtype.type(1) - beta**k
    with np.errstate(divide="ignore"):  # log(0) is -inf, and expm1 of that is -1
        return -np.expm1(k * np.log(beta))


def sgd(_: spec.Sgd, c: Coefficients, w: Any, g: Any, slots: Any, sqrt: Any) -> Updated:
    return w - c["rate"] * g, ()


def momentum(s: spec.HeavyBall, c: Coefficients, w: Any, g: Any, slots: Any, sqrt: Any) -> Updated:
    if s.form == "rate_inside":
        velocity = c["momentum"] * slots[0] - c["rate"] * g
        return w + velocity, (velocity,)
    velocity = c["momentum"] * slots[0] + g
    return w - c["rate"] * velocity, (velocity,)


def nesterov(s: spec.Nesterov, c: Coefficients, w: Any, g: Any, slots: Any, sqrt: Any) -> Updated:
    if s.form == "rate_inside":
        step = c["rate"] * g
        velocity = c["momentum"] * slots[0] - step
        return w + (c["momentum"] * velocity - step), (velocity,)
    velocity = c["momentum"] * slots[0] + g
    return w - c["rate"] * (g + c["momentum"] * velocity), (velocity,)


def adam(_: spec.Adam, c: Coefficients, w: Any, g: Any, slots: Any, sqrt: Any) -> Updated:
    m = c["beta1"] * slots[0] + c["rest1"] * g
    v = c["beta2"] * slots[1] + c["rest2"] * (g * g)
    return w - (c["rate"] * m) / (sqrt(v) + c["epsilon"]), (m, v)


RULES: dict[type[spec.Optimizer], Rule] = {
    spec.Sgd: Rule(0, rate_alone, sgd),
    spec.HeavyBall: Rule(1, rate_and_momentum, momentum),
    spec.Nesterov: Rule(1, rate_and_momentum, nesterov),
    spec.Adam: Rule(2, adam_coefficients, adam),
}
