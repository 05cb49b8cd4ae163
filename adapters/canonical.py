"""The canonical update rules: what the `exact` realisation of every framework computes.

They are written in operators that the tensors of all frameworks share and in the functions of a `Maths`, which each
framework gives; their scalars come from the host. So float32 weights come out equal to the last bit, where a rule
takes no sum over a tensor and no general power. The reference has rules of its own.

The names are the formulas' in `harness.spec.optimizers`. `c` holds the coefficients of the update, `s` the word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.spec import optimizers as spec
from harness.spec.weight_decay import NoWeightDecay, WeightDecay, decays

Coefficients = Mapping[str, Any]
Updated = tuple[Any, tuple[Any, ...]]


class Maths(Protocol):
    """Functions of tensors; `norm` is the root of the sum of the squares of all elements, a scalar."""

    sqrt: Any
    abs: Any
    maximum: Any
    minimum: Any
    sign: Any
    where: Any
    pow: Any
    norm: Any
    zeros_like: Any
    ones_like: Any


@dataclass(frozen=True)
class Rule:
    """`update(s, c, w, g, slots, maths)` gives the new weight and slots.

    `initial(s, first_rate)` gives the values that fill the slots at the start, one for each.
    """

    initial: Callable[[Any, float], tuple[float, ...]]
    update: Callable[[Any, Coefficients, Any, Any, Any, Any], Updated]


def for_parameter(word: spec.Optimizer, decay: WeightDecay, name: str) -> tuple[Any, WeightDecay]:
    """The words as they hold for the parameter of that name: without their decay where it does not decay."""
    if hasattr(word, "decayed") and not decays(word.decayed, name):
        word = word.model_copy(update={"factor": 0.0})
    if hasattr(decay, "decayed") and not decays(decay.decayed, name):
        decay = NoWeightDecay()
    return word, decay


def decayed(kind: str, c: Coefficients, w: Any, g: Any) -> tuple[Any, Any]:
    """The weight and the gradient as the optimizer's rule gets them."""
    if kind == "coupled":
        return w, g + c["decay_factor"] * w
    if kind == "decoupled":
        return c["decay_kept"] * w, g
    return w, g


def sgd(s: spec.Sgd, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    return w - c["rate"] * g, ()


def momentum(s: spec.HeavyBall, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    if s.form == "rate_inside":
        velocity = c["momentum"] * slots[0] - c["rate"] * g
        return w + velocity, (velocity,)
    velocity = c["momentum"] * slots[0] + c["taken"] * g
    return w - c["rate"] * velocity, (velocity,)


def nesterov(s: spec.Nesterov, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    if s.form == "rate_inside":
        step = c["rate"] * g
        velocity = c["momentum"] * slots[0] - step
        return w + (c["momentum"] * velocity - step), (velocity,)
    velocity = c["momentum"] * slots[0] + g
    return w - c["rate"] * (g + c["momentum"] * velocity), (velocity,)


def adagrad(s: spec.Adagrad, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    a = slots[0] + g * g
    return w - (c["rate"] * g) / _root(s, c, a, maths), (a,)


def rmsprop(s: spec.Rmsprop, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    v = c["rho"] * slots[0] + c["rest"] * (g * g)
    kept: Any = (v,)
    spread = v
    if s.centered:
        a = c["rho"] * slots[1] + c["rest"] * g
        kept += (a,)
        spread = v - a * a
    step = (c["rate"] * g) / _root(s, c, spread, maths)
    if s.momentum > 0:
        step = c["momentum"] * slots[-1] + step
        kept += (step,)
    return w - step, kept


def adadelta(s: spec.Adadelta, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    a = c["rho"] * slots[0] + c["rest"] * (g * g)
    step = maths.sqrt(slots[1] + c["epsilon"]) / maths.sqrt(a + c["epsilon"]) * g
    d = c["rho"] * slots[1] + c["rest"] * (step * step)
    return w - c["rate"] * step, (a, d)


def adam(s: spec.Adam, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    m, v = _moments(c, g, slots)
    if s.amsgrad:
        u = maths.maximum(slots[2], v)
        return w - (c["corrected"] * m) / _root(s, c, u, maths), (m, v, u)
    return w - (c["corrected"] * m) / _root(s, c, v, maths), (m, v)


def adamw(s: spec.Adamw, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    if s.factor > 0:
        w = c["kept"] * w
    m, v = _moments(c, g, slots)
    return w - (c["corrected"] * m) / _root(s, c, v, maths), (m, v)


def adamax(s: spec.Adamax, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    m = c["beta1"] * slots[0] + c["rest1"] * g
    u = maths.maximum(c["beta2"] * slots[1], maths.abs(g))
    return w - (c["corrected"] * m) / (u + c["epsilon"]), (m, u)


def nadam(s: spec.Nadam, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    m, v = _moments(c, g, slots)
    ahead = c["of_mean"] * m + c["of_gradient"] * g
    return w - (c["rate"] * ahead) / (c["root"] * maths.sqrt(v) + c["epsilon"]), (m, v)


def ftrl(s: spec.Ftrl, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    a, z = slots[0], slots[1]
    b = a + g * g
    if s.learning_rate_power == -0.5:
        grown, before = maths.sqrt(b), maths.sqrt(a)
    else:
        grown, before = maths.pow(b, c["power"]), maths.pow(a, c["power"])
    z = z + (g - (grown - before) / c["rate"] * w)
    clipped = maths.minimum(maths.maximum(z, c["minus_l1"]), c["l1"])
    return (clipped - z) / (grown / c["rate"] + c["twice_l2"]), (b, z)


def lion(s: spec.Lion, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    step = maths.sign(c["beta1"] * slots[0] + c["rest1"] * g)
    return w - c["rate"] * step, (c["beta2"] * slots[0] + c["rest2"] * g,)


def lamb(s: spec.Lamb, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    if s.decay == "decoupled" and s.factor > 0:
        w = c["kept"] * w
    m, v = _moments(c, g, slots)
    u = (c["mean"] * m) / (c["root"] * maths.sqrt(v) + c["epsilon"])
    if s.decay == "inside" and s.factor > 0:
        u = u + c["factor"] * w
    length, own = maths.norm(w), maths.norm(u)
    one = maths.ones_like(own)
    trust = maths.where(length > 0, maths.where(own > 0, length / maths.where(own > 0, own, one), one), one)
    return w - (c["rate"] * trust) * u, (m, v)


def rprop(s: spec.Rprop, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    # Signs are kept, not gradients, whose product may underflow.
    sign = maths.sign(g)
    turn = sign * slots[1]
    step = maths.where(turn > 0, slots[0] * c["eta_plus"], maths.where(turn < 0, slots[0] * c["eta_minus"], slots[0]))
    step = maths.minimum(maths.maximum(step, c["min_step"]), c["max_step"])
    sign = maths.where(turn < 0, maths.zeros_like(sign), sign)
    return w - sign * step, (step, sign)


def asgd(s: spec.Asgd, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> Updated:
    return c["kept"] * w - c["own"] * g, ()


def _root(s: Any, c: Coefficients, v: Any, maths: Any) -> Any:
    """What divides, with epsilon inside the root or beside it; where beside, the coefficients know."""
    return maths.sqrt(v + c["epsilon"]) if s.epsilon_place == "inside_root" else maths.sqrt(v) + c["epsilon"]


def _moments(c: Coefficients, g: Any, slots: Any) -> tuple[Any, Any]:
    return c["beta1"] * slots[0] + c["rest1"] * g, c["beta2"] * slots[1] + c["rest2"] * (g * g)


def zeros(count: int) -> Callable[[Any, float], tuple[float, ...]]:
    return lambda s, first_rate: (0.0,) * count


RULES: dict[type[spec.Optimizer], Rule] = {
    spec.Sgd: Rule(zeros(0), sgd),
    spec.HeavyBall: Rule(zeros(1), momentum),
    spec.Nesterov: Rule(zeros(1), nesterov),
    spec.Adagrad: Rule(lambda s, first_rate: (s.initial_accumulator,), adagrad),
    spec.Rmsprop: Rule(lambda s, first_rate: (0.0,) * (1 + s.centered + (s.momentum > 0)), rmsprop),
    spec.Adadelta: Rule(zeros(2), adadelta),
    spec.Adam: Rule(lambda s, first_rate: (0.0,) * (2 + s.amsgrad), adam),
    spec.Adamw: Rule(zeros(2), adamw),
    spec.Adamax: Rule(zeros(2), adamax),
    spec.Nadam: Rule(zeros(2), nadam),
    spec.Ftrl: Rule(lambda s, first_rate: (s.initial_accumulator, 0.0), ftrl),
    spec.Lion: Rule(zeros(1), lion),
    spec.Lamb: Rule(zeros(2), lamb),
    spec.Rprop: Rule(lambda s, first_rate: (first_rate, 0.0), rprop),
    spec.Asgd: Rule(zeros(0), asgd),
}
