"""The reference's update rules, on NumPy arrays. `c` holds the coefficients of the update in the dtype of `w`.

Each rule is a generator. It first yields the initial slots, and receives those to start from: the same, or those of a
training that goes on. Then it receives the weight, the gradient and the coefficients of each update, and yields the new
weight and the slots. Slots are in the order of the spec's `slot_names`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

import numpy as np

from adapters.coefficients import coefficients
from adapters.protocol import Array, FloatArray, Parameters, made_by
from adapters.reference import disturbed
from adapters.reference.cancellation import nearly_cancelled
from adapters.reference.draws import onto, sign, summed
from harness.spec import optimizers as spec
from harness.spec.recipe import Update
from harness.spec.weight_decay import Coupled, Decoupled, NoWeightDecay, WeightDecay

Slots = tuple[Array, ...]
Rule = Generator[Any, Any, None]


def sgd(s: spec.Sgd, start: Array, decaying: bool, first_rate: Any) -> Rule:
    yield ()
    w, g, c = yield
    while True:
        w, g, c = yield w - c["rate"] * g, ()


def momentum(s: spec.HeavyBall, start: Array, decaying: bool, first_rate: Any) -> Rule:
    (v,) = yield (np.zeros_like(start),)
    w, g, c = yield
    while True:
        if s.form == "rate_outside":
            v = c["momentum"] * v + c["gradient_factor"] * g
            w = w - c["rate"] * v
        else:
            v = c["momentum"] * v - c["rate"] * g
            w = w + v
        w, g, c = yield w, (v,)


def nesterov(s: spec.Nesterov, start: Array, decaying: bool, first_rate: Any) -> Rule:
    (v,) = yield (np.zeros_like(start),)
    w, g, c = yield
    while True:
        if s.form == "rate_outside":
            v = c["momentum"] * v + g
            w = w - c["rate"] * (g + c["momentum"] * v)
        else:
            v = c["momentum"] * v - c["rate"] * g
            w = w + (c["momentum"] * v - c["rate"] * g)
        w, g, c = yield w, (v,)


def adagrad(s: spec.Adagrad, start: Array, decaying: bool, first_rate: Any) -> Rule:
    (total,) = yield (np.full_like(start, s.initial_accumulator),)
    w, g, c = yield
    while True:
        total = total + np.square(g)
        w, g, c = yield w - c["rate"] * g / _root(s, total, c), (total,)


def rmsprop(s: spec.Rmsprop, start: Array, decaying: bool, first_rate: Any) -> Rule:
    zero = np.zeros_like(start)
    square, *others = yield (zero,) * len(s.slot_names)
    mean, moving = others[0] if s.centered else zero, others[-1] if s.momentum else zero

    def slots() -> Slots:
        return (square, *([mean] if s.centered else []), *([moving] if s.momentum else []))

    w, g, c = yield
    while True:
        square = c["rho"] * square + c["one_minus_rho"] * np.square(g)
        mean = c["rho"] * mean + c["one_minus_rho"] * g
        variance = square - np.square(mean) if s.centered else square
        step = c["rate"] * g / _root(s, variance, c)
        moving = c["momentum"] * moving + step
        w, g, c = yield w - (moving if s.momentum else step), slots()


def adadelta(s: spec.Adadelta, start: Array, decaying: bool, first_rate: Any) -> Rule:
    of_gradients, of_steps = yield np.zeros_like(start), np.zeros_like(start)
    w, g, c = yield
    while True:
        of_gradients = c["rho"] * of_gradients + c["one_minus_rho"] * np.square(g)
        step = np.sqrt(of_steps + c["epsilon"]) / np.sqrt(of_gradients + c["epsilon"]) * g
        of_steps = c["rho"] * of_steps + c["one_minus_rho"] * np.square(step)
        w, g, c = yield w - c["rate"] * step, (of_gradients, of_steps)


def adam(s: spec.Adam, start: Array, decaying: bool, first_rate: Any) -> Rule:
    m, v, *others = yield (np.zeros_like(start),) * (2 + s.amsgrad)
    largest = others[0] if s.amsgrad else np.zeros_like(start)
    w, g, c = yield
    while True:
        m, v = _moments(m, v, g, c)
        largest = np.maximum(largest, v)
        root = _root(s, largest if s.amsgrad else v, c)
        w, g, c = yield w - c["corrected_rate"] * m / root, (m, v, largest)[: 2 + s.amsgrad]


def adamw(s: spec.Adamw, start: Array, decaying: bool, first_rate: Any) -> Rule:
    m, v = yield np.zeros_like(start), np.zeros_like(start)
    w, g, c = yield
    while True:
        m, v = _moments(m, v, g, c)
        w = w * c["shrinkage"] if decaying else w
        w, g, c = yield w - c["corrected_rate"] * m / _root(s, v, c), (m, v)


def _root(s: Any, v: Array, c: Mapping[str, Any]) -> Any:
    """The divisor, with epsilon inside the root or outside it."""
    return np.sqrt(v + c["epsilon"]) if s.epsilon_place == "inside_root" else np.sqrt(v) + c["epsilon"]


def _moments(m: Array, v: Array, g: Array, c: Mapping[str, Any]) -> tuple[Array, Array]:
    return c["beta1"] * m + c["one_minus_beta1"] * g, c["beta2"] * v + c["one_minus_beta2"] * np.square(g)


def adamax(s: spec.Adamax, start: Array, decaying: bool, first_rate: Any) -> Rule:
    m, largest = yield np.zeros_like(start), np.zeros_like(start)
    w, g, c = yield
    while True:
        m = c["beta1"] * m + c["one_minus_beta1"] * g
        largest = np.maximum(c["beta2"] * largest, np.abs(g))
        w, g, c = yield w - c["corrected_rate"] * m / (largest + c["epsilon"]), (m, largest)


def nadam(s: spec.Nadam, start: Array, decaying: bool, first_rate: Any) -> Rule:
    m, v = yield np.zeros_like(start), np.zeros_like(start)
    w, g, c = yield
    while True:
        m, v = _moments(m, v, g, c)
        ahead = c["mean_factor"] * m + c["gradient_factor"] * g
        w, g, c = yield w - c["rate"] * ahead / (np.sqrt(v) * c["root_factor"] + c["epsilon"]), (m, v)


def ftrl(s: spec.Ftrl, start: Array, decaying: bool, first_rate: Any) -> Rule:
    total, linear = yield np.full_like(start, s.initial_accumulator), np.zeros_like(start)
    w, g, c = yield
    while True:
        before = _power(total, s, c)
        total = total + np.square(g)
        after = _power(total, s, c)
        linear = linear + (g - nearly_cancelled(after - before, after) / c["rate"] * w)
        reached = (np.clip(linear, -c["l1"], c["l1"]) - linear) / (after / c["rate"] + c["twice_l2"])
        w, g, c = yield reached, (total, linear)


def _power(total: Array, s: spec.Ftrl, c: Mapping[str, Any]) -> Array:
    return np.sqrt(total) if s.learning_rate_power == -0.5 else total ** c["power"]


def lion(s: spec.Lion, start: Array, decaying: bool, first_rate: Any) -> Rule:
    (m,) = yield (np.zeros_like(start),)
    w, g, c = yield
    while True:
        step = sign(c["beta1"] * m + c["one_minus_beta1"] * g, float(c["one_minus_beta1"]))
        m = c["beta2"] * m + c["one_minus_beta2"] * g
        w, g, c = yield w - c["rate"] * step, (m,)


def lamb(s: spec.Lamb, start: Array, decaying: bool, first_rate: Any) -> Rule:
    m, v = yield np.zeros_like(start), np.zeros_like(start)
    w, g, c = yield
    while True:
        if decaying and s.decay == "decoupled":
            w = w * c["shrinkage"]
        m, v = _moments(m, v, g, c)
        u = m * c["mean_factor"] / (np.sqrt(v) * c["root_factor"] + c["epsilon"])
        if decaying and s.decay == "inside":
            u = u + c["factor"] * w
        weight_norm, step_norm = (np.sqrt(summed(np.square(tensor))) for tensor in (w, u))
        trust = onto(
            np.divide(weight_norm, step_norm, out=np.ones_like(step_norm), where=(weight_norm > 0) & (step_norm > 0)), w
        )
        w, g, c = yield w - c["rate"] * trust * u, (m, v)


def rprop(s: spec.Rprop, start: Array, decaying: bool, first_rate: Any) -> Rule:
    step, before = yield np.full_like(start, first_rate), np.zeros_like(start)
    w, g, c = yield
    while True:
        now = sign(g)
        grown = np.clip(step * c["eta_plus"], c["min_step"], c["max_step"])
        shrunk = np.clip(step * c["eta_minus"], c["min_step"], c["max_step"])
        unchanged = np.clip(step, c["min_step"], c["max_step"])
        turned = now * before == -1
        step = np.select([turned, now * before == 1], [shrunk, grown], unchanged)
        before = np.where(turned, w.dtype.type(0), now)
        w, g, c = yield w - before * step, (step, before)


def asgd(s: spec.Asgd, start: Array, decaying: bool, first_rate: Any) -> Rule:
    yield ()
    w, g, c = yield
    while True:
        w, g, c = yield w * c["shrinkage"] - c["current_rate"] * g, ()


RULES: dict[type[spec.Optimizer], Callable[[Any, Array, bool, Any], Rule]] = {
    spec.Sgd: sgd,
    spec.HeavyBall: momentum,
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


class Optimizer:
    """A weight decay and a rule, with the rule's slots and its number of updates. Takes clipped gradients."""

    def __init__(self, update: Update, rates: FloatArray, precision: Any, coefficient_arithmetic: Any) -> None:
        self.whole, self.word, self.decay = update, update.optimizer, update.weight_decay
        self.rates, self.precision, self.arithmetic = rates, precision, coefficient_arithmetic
        self.rule = made_by(RULES, self.word, "reference")

    def start(self, weights: Parameters, slots: Parameters | None = None, updates: int = 0) -> None:
        """Resets the slots and the number of updates, for these initial weights.

        With `slots`, named as by `Trainer.slots`, the training goes on after this number of updates.
        """
        self.updates = updates
        parts = self.whole.parts(weights)
        self.tables = [self._table(part.update) for part in parts]
        self.part_of = {name: number for number, part in enumerate(parts) for name in part.names}
        self.decayed = {name: self._is_decayed(name, self.decay) for name in weights}
        self.rules = {
            name: self.rule(self.word, w, self._is_decayed(name, self.word), self._at(name)["rate"][0])
            for name, w in weights.items()
        }
        self.kept: dict[str, Slots] = {name: next(rule) for name, rule in self.rules.items()}
        if slots is not None:
            names = self.word.slot_names
            self.kept = {n: tuple(slots[f"{slot}/{n}"].astype(w.dtype) for slot in names) for n, w in weights.items()}
        for name, rule in self.rules.items():
            rule.send(self.kept[name])

    @disturbed.update
    def update(self, weights: Parameters, gradients: Parameters) -> dict[str, Array]:
        now = [{name: values[self.updates] for name, values in table.items()} for table in self.tables]
        self.updates += 1
        updated = {}
        for name, w in weights.items():
            c = now[self.part_of[name]]
            decay = self.decay if self.decayed[name] else NoWeightDecay()
            updated[name], self.kept[name] = self.rules[name].send((*_decayed(decay, w, gradients[name], c), c))
        return updated

    def slots(self) -> dict[str, Array]:
        """Copies of the slots, with the names of `Trainer.slots`."""
        names = enumerate(self.word.slot_names)
        return {f"{slot}/{name}": arrays[number].copy() for number, slot in names for name, arrays in self.kept.items()}

    def _table(self, update: Update) -> dict[str, FloatArray]:
        """The coefficients of every update, in the arm's precision."""
        rates = self.rates
        if update.rate_factor != 1:
            rates = rates.astype(self.arithmetic) * self.arithmetic(update.rate_factor)
        table = coefficients(update, rates, self.arithmetic)
        return {name: values.astype(self.precision) for name, values in table.items()}

    def _is_decayed(self, name: str, word: Any) -> bool:
        return hasattr(word, "decayed") and self.whole.is_decayed(name, word.decayed)

    def _at(self, name: str) -> dict[str, FloatArray]:
        return self.tables[self.part_of[name]]


def _decayed(decay: WeightDecay, w: Array, g: Array, c: Mapping[str, Any]) -> tuple[Array, Array]:
    if isinstance(decay, Coupled):
        return w, g + c["decay_factor"] * w
    if isinstance(decay, Decoupled):
        return w * c["decay_shrinkage"], g
    return w, g
