"""The scalars of the update rules, for all updates at once: powers of the betas, bias corrections, factors of decays.

They are computed on the host in float64 and rounded once to the precision of the arm, so that no framework computes a
power. The canonical rules of the frameworks and the rules of the reference both use them.

The functions take a word, the rates of all updates, and `f`, the NumPy type in which they compute. They return the
scalars by the names that `adapters.canonical` uses; a scalar is one number, or an array with one number per update.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.protocol import FloatArray, IntArray, made_by
from harness.spec import optimizers as spec
from harness.spec import weight_decay as decay
from harness.spec.averaging import Averaging, Exponential, NoAveraging
from harness.spec.lookahead import Lookahead, NoLookahead, SlowWeights
from harness.spec.recipe import Update

Scalars = dict[str, Any]
CORRECTED = (spec.Adam, spec.Adamw, spec.Adamax, spec.Nadam, spec.Lamb)  # rules that correct the bias of moments


def steps_of_updates(update: Update, batches: int) -> IntArray:
    """The steps at which the schedule is read for the updates of so many batches; one, where they fill no group."""
    count = max(1, update.accumulation.updates(batches))
    steps: IntArray = update.accumulation.schedule_step(np.arange(count))
    return steps


def coefficients(update: Update, rates: FloatArray, arithmetic: Any = np.float64) -> dict[str, FloatArray]:
    """The scalars by name, each with one value per update. `rates[t]` is the learning rate of the 0-based update t.

    `arithmetic=np.float32` rounds the constants first and computes with the rounded ones, as some frameworks do. The
    reference measures the error of float32 in this way. (For Adam the error is large: float32(0.999) is 1.3e-8 off,
    which is 1.3e-5 of 1 - 0.999.)
    """
    rate = rates.astype(arithmetic)
    rule_scalars = made_by(RULE_SCALARS, update.optimizer, "canonical")(update.optimizer, rate, arithmetic)
    decay_scalars = made_by(DECAY_SCALARS, update.weight_decay, "canonical")(update.weight_decay, rate, arithmetic)
    scalars = {"rate": rate, **rule_scalars, **{f"decay_{name}": value for name, value in decay_scalars.items()}}
    scalars |= following(update, len(rates), arithmetic)
    return {name: np.broadcast_to(np.asarray(value, arithmetic), rates.shape) for name, value in scalars.items()}


def sgd(_: spec.Sgd, rate: FloatArray, f: Any) -> Scalars:
    """No scalars besides the rate."""
    return {}


def heavy_ball(s: spec.HeavyBall, rate: FloatArray, f: Any) -> Scalars:
    """The gradient enters the first velocity with factor 1, later ones with `1 - dampening`."""
    gradient_factor = np.full(len(rate), 1 - s.dampening, f)
    gradient_factor[:1] = 1
    return {"momentum": s.momentum, "gradient_factor": gradient_factor}


def nesterov(s: spec.Nesterov, rate: FloatArray, f: Any) -> Scalars:
    """The momentum."""
    return {"momentum": s.momentum}


def adagrad(s: spec.Adagrad, rate: FloatArray, f: Any) -> Scalars:
    """The epsilon."""
    return {"epsilon": s.epsilon}


def rmsprop(s: spec.Rmsprop, rate: FloatArray, f: Any) -> Scalars:
    """rho and its complement, the momentum and the epsilon."""
    return {"rho": s.rho, "one_minus_rho": 1 - s.rho, "momentum": s.momentum, "epsilon": s.epsilon}


def adadelta(s: spec.Adadelta, rate: FloatArray, f: Any) -> Scalars:
    """rho and its complement, and the epsilon."""
    return {"rho": s.rho, "one_minus_rho": 1 - s.rho, "epsilon": s.epsilon}


def adam(s: Any, rate: FloatArray, f: Any) -> Scalars:
    """The rate with the bias corrected, and the epsilon scaled to the place that the word states."""
    bias1, bias2 = _bias_corrections(s, len(rate), f) if s.bias_correction else (np.ones_like(rate),) * 2
    scale = {"before_correction": f(1), "after_correction": np.sqrt(bias2), "inside_root": bias2}[s.epsilon_place]
    return {"corrected_rate": rate * np.sqrt(bias2) / bias1, **_moments(s, f), "epsilon": f(s.epsilon) * scale}


def adamw(s: spec.Adamw, rate: FloatArray, f: Any) -> Scalars:
    """The scalars of Adam, and the factor `1 - rate * factor` of the weights."""
    return {**adam(s, rate, f), "shrinkage": 1 - rate * f(s.factor)}


def adamax(s: spec.Adamax, rate: FloatArray, f: Any) -> Scalars:
    """The rate divided by `1 - beta1 ** t`."""
    return {"corrected_rate": rate / _bias_corrections(s, len(rate), f)[0], **_moments(s, f)}


def nadam(s: spec.Nadam, rate: FloatArray, f: Any) -> Scalars:
    """The factors of mean and gradient from the momentum schedule `mu(t)` of Dozat, and the root of the second bias."""
    k = np.arange(1, len(rate) + 2).astype(f)
    mu = f(s.beta1) * (1 - f(0.5) * f(0.96) ** (f(s.momentum_decay) * k))
    product = np.cumprod(mu)
    bias2 = _bias_corrections(s, len(rate), f)[1]
    return {
        "mean_factor": mu[1:] / (1 - product[1:]),
        "gradient_factor": (1 - mu[:-1]) / (1 - product[:-1]),
        "root_factor": 1 / np.sqrt(bias2),
        **_moments(s, f),
    }


def ftrl(s: spec.Ftrl, rate: FloatArray, f: Any) -> Scalars:
    """The strengths of L1 and L2 in the forms that the rule needs, and the power of the accumulator."""
    return {"l1": s.l1, "minus_l1": -s.l1, "twice_l2": 2 * s.l2, "power": -s.learning_rate_power}


def lion(s: spec.Lion, rate: FloatArray, f: Any) -> Scalars:
    """The betas and their complements."""
    return _moments(s, f)


def lamb(s: spec.Lamb, rate: FloatArray, f: Any) -> Scalars:
    """The bias corrections as factors, and both forms of the decay."""
    bias1, bias2 = _bias_corrections(s, len(rate), f)
    scales = {
        "mean_factor": 1 / bias1,
        "root_factor": 1 / np.sqrt(bias2),
        "factor": s.factor,
        "shrinkage": 1 - rate * f(s.factor),
    }
    return {**scales, **_moments(s, f)}


def rprop(s: spec.Rprop, rate: FloatArray, f: Any) -> Scalars:
    """The factors and the bounds of the step sizes."""
    return {"eta_minus": s.eta_minus, "eta_plus": s.eta_plus, "min_step": s.min_step, "max_step": s.max_step}


def asgd(s: spec.Asgd, rate: FloatArray, f: Any) -> Scalars:
    """`rate_t = rate / (1 + lambd * rate * t) ** alpha` of the update before, and the factor of the weights."""
    past_rates = rate[:-1]
    updates = np.arange(1, len(rate)).astype(f)
    current_rate = np.concatenate([rate[:1], past_rates / (1 + f(s.lambd) * past_rates * updates) ** f(s.alpha)])
    return {"current_rate": current_rate, "shrinkage": 1 - f(s.lambd) * current_rate}


def no_decay(_: decay.NoWeightDecay, rate: FloatArray, f: Any) -> Scalars:
    """No scalars."""
    return {}


def coupled(s: decay.Coupled, rate: FloatArray, f: Any) -> Scalars:
    """The factor of the weight that is added to the gradient."""
    return {"factor": s.factor}


def decoupled(s: decay.Decoupled, rate: FloatArray, f: Any) -> Scalars:
    """The factor `1 - rate * factor` of the weights."""
    return {"shrinkage": 1 - rate * f(s.factor)}


def rate_free(s: decay.RateFree, rate: FloatArray, f: Any) -> Scalars:
    """The factor `1 - factor` of the weights, at every rate."""
    return {"shrinkage": np.full_like(rate, 1 - f(s.factor))}


def following(update: Update, updates: int, arithmetic: Any = np.float64) -> dict[str, FloatArray]:
    """The scalars of the look-ahead and of the averaging, each with one value for each of so many updates."""
    scalars = made_by(LOOKAHEAD_SCALARS, update.lookahead, "canonical")(update.lookahead, updates, arithmetic)
    return scalars | made_by(AVERAGING_SCALARS, update.averaging, "canonical")(update.averaging, updates, arithmetic)


def nothing_follows(_: Any, updates: int, f: Any) -> dict[str, FloatArray]:
    """No scalars."""
    return {}


def slow_weights(s: SlowWeights, updates: int, f: Any) -> dict[str, FloatArray]:
    """The factor of the slow weights' move, and the shares of slow and fast ones in the weights after it: 0 or 1."""
    taken = _every(s.steps, updates, f)
    return {"slow_factor": f(s.factor) * taken, "slow_taken": taken, "slow_left": 1 - taken}


def exponential(s: Exponential, updates: int, f: Any) -> dict[str, FloatArray]:
    """The share of the weights in the new average, and the shares of both in the weights after it: 0 or 1."""
    rest = np.full(updates, 1 - f(s.decay), f)
    if s.start == "first_update":
        rest[:1] = 1
    taken = _every(s.overwrite_every or updates + 1, updates, f)
    return {"average_rest": rest, "average_taken": taken, "average_left": 1 - taken}


def _every(period: int, updates: int, f: Any) -> FloatArray:
    """1 at every update whose 1-based number is a multiple of the period, 0 at the others."""
    due: FloatArray = (np.arange(1, updates + 1) % period == 0).astype(f)
    return due


def _moments(s: Any, f: Any) -> Scalars:
    """The betas and their complements, and the epsilon where the word has one."""
    betas = {"beta1": s.beta1, "one_minus_beta1": 1 - s.beta1, "beta2": s.beta2, "one_minus_beta2": 1 - s.beta2}
    return {**betas, "epsilon": s.epsilon} if hasattr(s, "epsilon") else betas


def rounding_of_bias_corrections(update: Update) -> float:
    """The largest relative error of a step if the powers of the betas are a unit in the last place off in float32.

    `u / (1 - beta1) + u / (1 - beta2) / 2`, `u = 2**-24`: a framework may compute a power as a product, step by step,
    and the second correction stands below a root. 0 for rules that correct no bias.
    """
    word: Any = update.optimizer
    if not isinstance(word, CORRECTED) or not getattr(word, "bias_correction", True):
        return 0.0
    second = 0.0 if isinstance(word, spec.Adamax) else 0.5 / (1 - word.beta2)
    return float(np.finfo(np.float32).epsneg) * (1 / (1 - word.beta1) + second)


def _bias_corrections(s: Any, updates: int, f: Any) -> tuple[FloatArray, FloatArray]:
    """`1 - beta1 ** k` and `1 - beta2 ** k` of all updates k = 1, 2, ..."""
    k = np.arange(1, updates + 1).astype(f)
    return _one_minus_power(f(s.beta1), k), _one_minus_power(f(s.beta2), k)


def _one_minus_power(beta: Any, k: FloatArray) -> FloatArray:
    """`1 - beta ** k`; in float64 without the cancellation that remains in float32 arithmetic."""
    if k.dtype != np.float64:
        difference: FloatArray = k.dtype.type(1) - beta**k
        return difference
    with np.errstate(divide="ignore"):  # log(0) is -inf, and expm1 of that is -1
        complement: FloatArray = -np.expm1(k * np.log(beta))
        return complement


ScalarsOf = Callable[[Any, FloatArray, Any], Scalars]
RULE_SCALARS: dict[type[spec.Optimizer], ScalarsOf] = {
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
DECAY_SCALARS: dict[type[decay.WeightDecay], ScalarsOf] = {
    decay.NoWeightDecay: no_decay,
    decay.Coupled: coupled,
    decay.Decoupled: decoupled,
    decay.RateFree: rate_free,
}
ScalarsOfUpdates = Callable[[Any, int, Any], dict[str, FloatArray]]
LOOKAHEAD_SCALARS: dict[type[Lookahead], ScalarsOfUpdates] = {NoLookahead: nothing_follows, SlowWeights: slow_weights}
AVERAGING_SCALARS: dict[type[Averaging], ScalarsOfUpdates] = {NoAveraging: nothing_follows, Exponential: exponential}
