"""The scalars of the update rules: powers of the betas, bias corrections, what a decay leaves; for all updates at once.

They are computed on the host, in float64, and rounded once to the precision of the arm, so that no framework computes
a power of its own. The frameworks' canonical rules and the reference's rules both take them from here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.protocol import FloatArray, made_by
from harness.spec import optimizers as spec
from harness.spec import weight_decay as decay
from harness.spec.recipe import Update

Scalars = dict[str, Any]


def coefficients(update: Update, rates: FloatArray, arithmetic: Any = np.float64) -> dict[str, FloatArray]:
    """By name, one value per update, computed in `arithmetic`. `rates[t]` is the learning rate of 0-based update t.

    `arithmetic=np.float32` gives what a framework gets that rounds the constants first and computes with those: the
    reference knows its own float32 error by it. (For Adam that error is large: float32(0.999) is 1.3e-8 off, which is
    1.3e-5 of 1 - 0.999.)
    """
    rate = rates.astype(arithmetic)
    of_rule = made_by(OF_RULE, update.optimizer, "canonical")(update.optimizer, rate, arithmetic)
    of_decay = made_by(OF_DECAY, update.weight_decay, "canonical")(update.weight_decay, rate, arithmetic)
    scalars = {"rate": rate, **of_rule, **{f"decay_{name}": value for name, value in of_decay.items()}}
    return {name: np.broadcast_to(np.asarray(value, arithmetic), rates.shape) for name, value in scalars.items()}


def sgd(_: spec.Sgd, rate: FloatArray, f: Any) -> Scalars:
    return {}


def heavy_ball(s: spec.HeavyBall, rate: FloatArray, f: Any) -> Scalars:
    taken = np.full(len(rate), 1 - s.dampening, f)
    taken[:1] = 1
    return {"momentum": s.momentum, "taken": taken}


def nesterov(s: spec.Nesterov, rate: FloatArray, f: Any) -> Scalars:
    return {"momentum": s.momentum}


def adagrad(s: spec.Adagrad, rate: FloatArray, f: Any) -> Scalars:
    return {"epsilon": s.epsilon}


def rmsprop(s: spec.Rmsprop, rate: FloatArray, f: Any) -> Scalars:
    return {"rho": s.rho, "rest": 1 - s.rho, "momentum": s.momentum, "epsilon": s.epsilon}


def adadelta(s: spec.Adadelta, rate: FloatArray, f: Any) -> Scalars:
    return {"rho": s.rho, "rest": 1 - s.rho, "epsilon": s.epsilon}


def adam(s: Any, rate: FloatArray, f: Any) -> Scalars:
    first, second = _bias_corrections(s, len(rate), f) if s.bias_correction else (np.ones_like(rate),) * 2
    scale = {"before_correction": f(1), "after_correction": np.sqrt(second), "inside_root": second}[s.epsilon_place]
    return {"corrected": rate * np.sqrt(second) / first, **_moments(s, f), "epsilon": f(s.epsilon) * scale}


def adamw(s: spec.Adamw, rate: FloatArray, f: Any) -> Scalars:
    return {**adam(s, rate, f), "kept": 1 - rate * f(s.factor)}


def adamax(s: spec.Adamax, rate: FloatArray, f: Any) -> Scalars:
    return {"corrected": rate / _bias_corrections(s, len(rate), f)[0], **_moments(s, f)}


def nadam(s: spec.Nadam, rate: FloatArray, f: Any) -> Scalars:
    k = np.arange(1, len(rate) + 2).astype(f)
    mu = f(s.beta1) * (1 - f(0.5) * f(0.96) ** (f(s.momentum_decay) * k))
    product = np.cumprod(mu)
    second = _bias_corrections(s, len(rate), f)[1]
    return {
        "of_mean": mu[1:] / (1 - product[1:]),
        "of_gradient": (1 - mu[:-1]) / (1 - product[:-1]),
        "root": 1 / np.sqrt(second),
        **_moments(s, f),
    }


def ftrl(s: spec.Ftrl, rate: FloatArray, f: Any) -> Scalars:
    return {"l1": s.l1, "minus_l1": -s.l1, "twice_l2": 2 * s.l2, "power": -s.learning_rate_power}


def lion(s: spec.Lion, rate: FloatArray, f: Any) -> Scalars:
    return _moments(s, f)


def lamb(s: spec.Lamb, rate: FloatArray, f: Any) -> Scalars:
    first, second = _bias_corrections(s, len(rate), f)
    scales = {"mean": 1 / first, "root": 1 / np.sqrt(second), "factor": s.factor, "kept": 1 - rate * f(s.factor)}
    return {**scales, **_moments(s, f)}


def rprop(s: spec.Rprop, rate: FloatArray, f: Any) -> Scalars:
    return {"eta_minus": s.eta_minus, "eta_plus": s.eta_plus, "min_step": s.min_step, "max_step": s.max_step}


def asgd(s: spec.Asgd, rate: FloatArray, f: Any) -> Scalars:
    past = rate[:-1]
    updates = np.arange(1, len(rate)).astype(f)
    own = np.concatenate([rate[:1], past / (1 + f(s.lambd) * past * updates) ** f(s.alpha)])
    return {"own": own, "kept": 1 - f(s.lambd) * own}


def no_decay(_: decay.NoWeightDecay, rate: FloatArray, f: Any) -> Scalars:
    return {}


def coupled(s: decay.Coupled, rate: FloatArray, f: Any) -> Scalars:
    return {"factor": s.factor}


def decoupled(s: decay.Decoupled, rate: FloatArray, f: Any) -> Scalars:
    return {"kept": 1 - rate * f(s.factor)}


def _moments(s: Any, f: Any) -> Scalars:
    betas = {"beta1": s.beta1, "rest1": 1 - s.beta1, "beta2": s.beta2, "rest2": 1 - s.beta2}
    return {**betas, "epsilon": s.epsilon} if hasattr(s, "epsilon") else betas


def _bias_corrections(s: Any, updates: int, f: Any) -> tuple[FloatArray, FloatArray]:
    k = np.arange(1, updates + 1).astype(f)
    return _one_minus_power(f(s.beta1), k), _one_minus_power(f(s.beta2), k)


def _one_minus_power(beta: Any, k: FloatArray) -> FloatArray:
    """`1 - beta ** k`, in float64 without the cancellation that float32 arithmetic is left with."""
    if k.dtype != np.float64:
        one: FloatArray = k.dtype.type(1) - beta**k
        return one
    with np.errstate(divide="ignore"):  # log(0) is -inf, and expm1 of that is -1
        rest: FloatArray = -np.expm1(k * np.log(beta))
        return rest


Maker = Callable[[Any, FloatArray, Any], Scalars]
OF_RULE: dict[type[spec.Optimizer], Maker] = {
    spec.Sgd: sgd,
    spec.HeavyBall: heavy_ball,
    spec.Nesterov: nesterov,
    spec.Adagrad: adagrad,
    spec.Rmsprop: rmsprop,
    spec.Adadelta: adadelta,
    spec.Adam: adam,
    spec.Adamw: adamw,
    spec.Adamax: adamax,
    spec.Nadam: nadam,
    spec.Ftrl: ftrl,
    spec.Lion: lion,
    spec.Lamb: lamb,
    spec.Rprop: rprop,
    spec.Asgd: asgd,
}
OF_DECAY: dict[type[decay.WeightDecay], Maker] = {
    decay.NoWeightDecay: no_decay,
    decay.Coupled: coupled,
    decay.Decoupled: decoupled,
}
