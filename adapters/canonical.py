"""The canonical update rules, which the `exact` realisation of every framework computes.

The rules use operators that the tensors of all frameworks share and the functions of a `Maths`, which each framework
implements. Their scalars are computed on the host. Therefore float32 weights are equal to the last bit in all
frameworks where a rule takes no sum over a tensor and no general power. The reference has separate rules.

The variables are named as in the formulas of `harness.spec.optimizers`. In every rule `s` is the optimizer's word, `c`
the coefficients of this update (`adapters.coefficients`), `w` the weight, `g` its gradient, and `slots` the tensors of
state in the order of the word's `slot_names`. A rule returns the new weight and the new slots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.spec import optimizers as spec
from harness.spec.recipe import Update
from harness.spec.weight_decay import NoWeightDecay, WeightDecay

Coefficients = Mapping[str, Any]
WeightAndSlots = tuple[Any, tuple[Any, ...]]


class Maths(Protocol):
    """The functions of tensors that the rules call. `norm` is the root of the sum of all squared elements, a scalar."""

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
    """`update(s, c, w, g, slots, maths)` returns the new weight and the new slots.

    `initial(s, first_rate)` returns one number for each slot, which fills the slot before the first update.
    """

    initial: Callable[[Any, float], tuple[float, ...]]
    update: Callable[[Any, Coefficients, Any, Any, Any, Any], WeightAndSlots]


def words_for_parameter(update: Update, name: str) -> tuple[Any, WeightDecay]:
    """The optimizer and the weight decay as they apply to one parameter: without decay where it is exempt."""
    word: Any = update.optimizer
    decay: Any = update.weight_decay
    if hasattr(word, "decayed") and not update.is_decayed(name, word.decayed):
        word = word.model_copy(update={"factor": 0.0})
    if hasattr(decay, "decayed") and not update.is_decayed(name, decay.decayed):
        decay = NoWeightDecay()
    return word, decay


def apply_decay(kind: str, c: Coefficients, w: Any, g: Any) -> tuple[Any, Any]:
    """The weight and the gradient that the rule receives after a weight decay of this kind."""
    if kind == "coupled":
        return w, g + c["decay_factor"] * w
    if kind in ("decoupled", "rate_free"):
        return c["decay_shrinkage"] * w, g
    return w, g


def follow(kinds: tuple[str, str], c: Coefficients, w: Any, slots: Any) -> WeightAndSlots:
    """The weight after the look-ahead and the averaging of these kinds, from what the rule made of it.

    `slots`: those of `Update.slots_of_weights`. The coefficients are such that nothing is taken where nothing is due.
    """
    new_slots: Any = ()
    if kinds[0] == "slow_weights":
        slow = slots[0] + c["slow_factor"] * (w - slots[0])
        w = c["slow_taken"] * slow + c["slow_left"] * w
        new_slots += (slow,)
    if kinds[1] == "exponential":
        # Not decay * average + (1 - decay) * w: the sum of the two rounded factors is not 1, and errors grow with time.
        average = slots[-1] + c["average_rest"] * (w - slots[-1])
        w = c["average_taken"] * average + c["average_left"] * w
        new_slots += (average,)
    return w, new_slots


def kinds_that_follow(update: Update) -> tuple[str, str]:
    """The kinds of the look-ahead and of the averaging."""
    return update.lookahead.word(), update.averaging.word()


def sgd(s: spec.Sgd, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """`w - rate * g`."""
    return w - c["rate"] * g, ()


def momentum(s: spec.HeavyBall, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """The velocity collects gradients; the rate is applied inside it or to it, by `s.form`."""
    if s.form == "rate_inside":
        velocity = c["momentum"] * slots[0] - c["rate"] * g
        return w + velocity, (velocity,)
    velocity = c["momentum"] * slots[0] + c["gradient_factor"] * g
    return w - c["rate"] * velocity, (velocity,)


def nesterov(s: spec.Nesterov, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """Momentum that steps from the look-ahead point, by `s.form` with the rate inside the velocity or outside."""
    if s.form == "rate_inside":
        step = c["rate"] * g
        velocity = c["momentum"] * slots[0] - step
        return w + (c["momentum"] * velocity - step), (velocity,)
    velocity = c["momentum"] * slots[0] + g
    return w - c["rate"] * (g + c["momentum"] * velocity), (velocity,)


def adagrad(s: spec.Adagrad, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """Divides by the root of the accumulated squared gradients."""
    a = slots[0] + g * g
    return w - (c["rate"] * g) / _root(s, c, a, maths), (a,)


def rmsprop(s: spec.Rmsprop, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """Divides by the root of the moving mean of squares, centered or not, with or without momentum."""
    v = c["rho"] * slots[0] + c["one_minus_rho"] * (g * g)
    new_slots: Any = (v,)
    variance = v
    if s.centered:
        a = c["rho"] * slots[1] + c["one_minus_rho"] * g
        new_slots += (a,)
        variance = v - a * a
    step = (c["rate"] * g) / _root(s, c, variance, maths)
    if s.momentum > 0:
        step = c["momentum"] * slots[-1] + step
        new_slots += (step,)
    return w - step, new_slots


def adadelta(s: spec.Adadelta, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """Scales the gradient by the ratio of the root mean squares of past steps and gradients."""
    a = c["rho"] * slots[0] + c["one_minus_rho"] * (g * g)
    step = maths.sqrt(slots[1] + c["epsilon"]) / maths.sqrt(a + c["epsilon"]) * g
    d = c["rho"] * slots[1] + c["one_minus_rho"] * (step * step)
    return w - c["rate"] * step, (a, d)


def adam(s: spec.Adam, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """Divides the first moment by the root of the second; AMSGrad takes the largest second moment so far."""
    m, v = _moments(c, g, slots)
    if s.amsgrad:
        u = maths.maximum(slots[2], v)
        return w - (c["corrected_rate"] * m) / _root(s, c, u, maths), (m, v, u)
    return w - (c["corrected_rate"] * m) / _root(s, c, v, maths), (m, v)


def adamw(s: spec.Adamw, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """Adam on weights that are first shrunk by `1 - rate * factor`."""
    if s.factor > 0:
        w = c["shrinkage"] * w
    m, v = _moments(c, g, slots)
    return w - (c["corrected_rate"] * m) / _root(s, c, v, maths), (m, v)


def adamax(s: spec.Adamax, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """Divides the first moment by the decayed infinity norm of the gradients."""
    m = c["beta1"] * slots[0] + c["one_minus_beta1"] * g
    u = maths.maximum(c["beta2"] * slots[1], maths.abs(g))
    return w - (c["corrected_rate"] * m) / (u + c["epsilon"]), (m, u)


def nadam(s: spec.Nadam, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """Adam with the look-ahead mean of the first moment and the gradient."""
    m, v = _moments(c, g, slots)
    lookahead = c["mean_factor"] * m + c["gradient_factor"] * g
    return w - (c["rate"] * lookahead) / (c["root_factor"] * maths.sqrt(v) + c["epsilon"]), (m, v)


def ftrl(s: spec.Ftrl, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """Follow the regularized leader: a proximal step with L1 and L2 from the accumulated linear term."""
    a, z = slots[0], slots[1]
    b = a + g * g
    if s.learning_rate_power == -0.5:
        root_after, root_before = maths.sqrt(b), maths.sqrt(a)
    else:
        root_after, root_before = maths.pow(b, c["power"]), maths.pow(a, c["power"])
    z = z + (g - (root_after - root_before) / c["rate"] * w)
    clipped = maths.minimum(maths.maximum(z, c["minus_l1"]), c["l1"])
    return (clipped - z) / (root_after / c["rate"] + c["twice_l2"]), (b, z)


def lion(s: spec.Lion, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """`w - rate * sign(beta1 * m + (1 - beta1) * g)`."""
    step = maths.sign(c["beta1"] * slots[0] + c["one_minus_beta1"] * g)
    return w - c["rate"] * step, (c["beta2"] * slots[0] + c["one_minus_beta2"] * g,)


def lamb(s: spec.Lamb, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """Adam's step scaled by the trust ratio `|w| / |u|`, which is 1 where either norm is 0."""
    if s.decay == "decoupled" and s.factor > 0:
        w = c["shrinkage"] * w
    m, v = _moments(c, g, slots)
    u = (c["mean_factor"] * m) / (c["root_factor"] * maths.sqrt(v) + c["epsilon"])
    if s.decay == "inside" and s.factor > 0:
        u = u + c["factor"] * w
    w_norm, u_norm = maths.norm(w), maths.norm(u)
    one = maths.ones_like(u_norm)
    trust = maths.where(w_norm > 0, maths.where(u_norm > 0, w_norm / maths.where(u_norm > 0, u_norm, one), one), one)
    return w - (c["rate"] * trust) * u, (m, v)


def rprop(s: spec.Rprop, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """Steps by the sign of the gradient; each step size grows or shrinks as the sign stays or changes."""
    # The slot holds signs instead of gradients, because a product of two gradients may underflow.
    sign = maths.sign(g)
    turn = sign * slots[1]
    step = maths.where(turn > 0, slots[0] * c["eta_plus"], maths.where(turn < 0, slots[0] * c["eta_minus"], slots[0]))
    step = maths.minimum(maths.maximum(step, c["min_step"]), c["max_step"])
    sign = maths.where(turn < 0, maths.zeros_like(sign), sign)
    return w - sign * step, (step, sign)


def asgd(s: spec.Asgd, c: Coefficients, w: Any, g: Any, slots: Any, maths: Any) -> WeightAndSlots:
    """`(1 - lambd * rate_t) * w - rate_t * g`, with the rate of update t."""
    return c["shrinkage"] * w - c["current_rate"] * g, ()


def _root(s: Any, c: Coefficients, v: Any, maths: Any) -> Any:
    """The divisor: the root of v, with epsilon inside or added. The coefficients scale an epsilon that is added."""
    return maths.sqrt(v + c["epsilon"]) if s.epsilon_place == "inside_root" else maths.sqrt(v) + c["epsilon"]


def _moments(c: Coefficients, g: Any, slots: Any) -> tuple[Any, Any]:
    return c["beta1"] * slots[0] + c["one_minus_beta1"] * g, c["beta2"] * slots[1] + c["one_minus_beta2"] * (g * g)


def zeros(count: int) -> Callable[[Any, float], tuple[float, ...]]:
    """The `initial` of a rule whose slots all start at 0."""
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
