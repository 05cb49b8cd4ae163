"""Every optimizer a second time: recurrences of numbers in 50 digits, written from the docstrings of the spec.

Each takes the word, whether this parameter decays, the rates, the gradients of one tensor (a list of numbers for each
update) and its first weights, and returns the weights after each update.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mpmath import MPContext

from harness.spec import optimizers as spec

mp = MPContext()
mp.dps = 50
Numbers = Sequence[Any]
Tensors = list[list[Any]]


def by_element(one: Callable[..., list[Any]]) -> Callable[..., Tensors]:
    """A recurrence of one weight, for all weights of a tensor."""

    def of_tensor(word: Any, decays: bool, r: Numbers, gradients: Sequence[Numbers], start: Numbers) -> Tensors:
        columns = [one(word, decays, r, [g[i] for g in gradients], w) for i, w in enumerate(start)]
        return [list(row) for row in zip(*columns, strict=True)]

    return of_tensor


def sgd(word: spec.Sgd, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    after = []
    for rate, slope in zip(r, g, strict=True):
        w = w - rate * slope
        after.append(w)
    return after


def heavy_ball(word: spec.HeavyBall, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    mu, damped, v, after = mp.mpf(word.momentum), 1 - mp.mpf(word.dampening), mp.mpf(0), []
    for t, (rate, slope) in enumerate(zip(r, g, strict=True)):
        if word.form == "rate_inside":
            v = mu * v - rate * slope
            w = w + v
        else:
            v = slope if t == 0 else mu * v + damped * slope
            w = w - rate * v
        after.append(w)
    return after


def nesterov(word: spec.Nesterov, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    mu, v, after = mp.mpf(word.momentum), mp.mpf(0), []
    for rate, slope in zip(r, g, strict=True):
        if word.form == "rate_inside":
            v = mu * v - rate * slope
            w = w + mu * v - rate * slope
        else:
            v = mu * v + slope
            w = w - rate * (slope + mu * v)
        after.append(w)
    return after


def adagrad(word: spec.Adagrad, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    total, after = mp.mpf(word.initial_accumulator), []
    for rate, slope in zip(r, g, strict=True):
        total += slope**2
        w = w - rate * slope / mp.sqrt(total + word.epsilon)
        after.append(w)
    return after


def rmsprop(word: spec.Rmsprop, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    rho, mu = mp.mpf(word.rho), mp.mpf(word.momentum)
    square = mean = moving = mp.mpf(0)
    after = []
    for rate, slope in zip(r, g, strict=True):
        square = rho * square + (1 - rho) * slope**2
        mean = rho * mean + (1 - rho) * slope
        moving = mu * moving + rate * slope / mp.sqrt(square - (mean**2 if word.centered else 0) + word.epsilon)
        w = w - moving
        after.append(w)
    return after


def adadelta(word: spec.Adadelta, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    rho, square, steps, after = mp.mpf(word.rho), mp.mpf(0), mp.mpf(0), []
    for rate, slope in zip(r, g, strict=True):
        square = rho * square + (1 - rho) * slope**2
        step = mp.sqrt((steps + word.epsilon) / (square + word.epsilon)) * slope
        steps = rho * steps + (1 - rho) * step**2
        w = w - rate * step
        after.append(w)
    return after


def adam(word: spec.Adam, decays: bool, r: Numbers, g: Numbers, w: Any, corrected_epsilon: bool = False) -> list[Any]:
    after, largest = [], mp.mpf(0)
    for k, (rate, m, v, first, second) in enumerate(moments(word, r, g), start=1):
        largest = max(largest, v)
        root = mp.sqrt(largest if getattr(word, "amsgrad", False) else v)
        if isinstance(word, spec.Adamw) and decays:
            w = w * (1 - rate * mp.mpf(word.factor))
        if corrected_epsilon:
            w = w - rate * (m / first) / (root / mp.sqrt(second) + word.epsilon)
        else:
            w = w - rate * mp.sqrt(second) / first * m / (root + word.epsilon)
        after.append(w)
        assert k == len(after)
    return after


def adamax(word: spec.Adamax, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    largest, after = mp.mpf(0), []
    for slope, (rate, m, _, first, _) in zip(g, moments(word, r, g), strict=True):
        largest = max(mp.mpf(word.beta2) * largest, abs(slope))
        w = w - rate / first * m / (largest + word.epsilon)
        after.append(w)
    return after


def nadam(word: spec.Nadam, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    def mu(k: int) -> Any:
        return mp.mpf(word.beta1) * (1 - mp.mpf("0.5") * mp.mpf("0.96") ** (mp.mpf(word.momentum_decay) * k))

    product, after = mp.mpf(1), []
    for k, (slope, (rate, m, v, _, second)) in enumerate(zip(g, moments(word, r, g), strict=True), start=1):
        product *= mu(k)
        ahead = mu(k + 1) * m / (1 - product * mu(k + 1)) + (1 - mu(k)) * slope / (1 - product)
        w = w - rate * ahead / (mp.sqrt(v / second) + word.epsilon)
        after.append(w)
    return after


def ftrl(word: spec.Ftrl, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    power, l1, after = -mp.mpf(word.learning_rate_power), mp.mpf(word.l1), []
    total, linear = mp.mpf(word.initial_accumulator), mp.mpf(0)
    for rate, slope in zip(r, g, strict=True):
        before, total = total, total + slope**2
        linear += slope - (total**power - before**power) / rate * w
        quadratic = total**power / rate + 2 * mp.mpf(word.l2)
        w = mp.mpf(0) if abs(linear) <= l1 else (mp.sign(linear) * l1 - linear) / quadratic
        after.append(w)
    return after


def lion(word: spec.Lion, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    one, two, m, after = mp.mpf(word.beta1), mp.mpf(word.beta2), mp.mpf(0), []
    for rate, slope in zip(r, g, strict=True):
        w = w - rate * mp.sign(one * m + (1 - one) * slope)
        m = two * m + (1 - two) * slope
        after.append(w)
    return after


def lamb(word: spec.Lamb, decays: bool, r: Numbers, gradients: Sequence[Numbers], start: Numbers) -> Tensors:
    each = [moments(word, r, [g[i] for g in gradients]) for i in range(len(start))]
    factor, w, after = mp.mpf(word.factor) if decays else mp.mpf(0), list(start), []
    for k, rate in enumerate(r):
        if word.decay == "decoupled":
            w = [x * (1 - rate * factor) for x in w]
        u = [m / first / (mp.sqrt(v / second) + word.epsilon) for _, m, v, first, second in (one[k] for one in each)]
        if word.decay == "inside":
            u = [a + factor * x for a, x in zip(u, w, strict=True)]
        length, own = mp.sqrt(sum(x**2 for x in w)), mp.sqrt(sum(a**2 for a in u))
        trust = length / own if length and own else 1
        w = [x - rate * trust * a for x, a in zip(w, u, strict=True)]
        after.append(w)
    return after


def rprop(word: spec.Rprop, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    step, before, after = r[0], mp.mpf(0), []
    for slope in g:
        if slope * before > 0:
            step = step * word.eta_plus
        elif slope * before < 0:
            step, slope = step * word.eta_minus, mp.mpf(0)
        step = min(max(step, mp.mpf(word.min_step)), mp.mpf(word.max_step))
        w, before = w - mp.sign(slope) * step, slope
        after.append(w)
    return after


def asgd(word: spec.Asgd, decays: bool, r: Numbers, g: Numbers, w: Any) -> list[Any]:
    lambd, own, after = mp.mpf(word.lambd), r[0], []
    for k, (rate, slope) in enumerate(zip(r, g, strict=True), start=1):
        w = (1 - lambd * own) * w - own * slope
        own = rate / (1 + lambd * rate * k) ** mp.mpf(word.alpha)
        after.append(w)
    return after


def moments(word: Any, r: Numbers, g: Numbers) -> list[tuple[Any, ...]]:
    """For each update the rate, the two moments, and what corrects their bias."""
    one, two, m, v, found = mp.mpf(word.beta1), mp.mpf(word.beta2), mp.mpf(0), mp.mpf(0), []
    for k, (rate, slope) in enumerate(zip(r, g, strict=True), start=1):
        m = one * m + (1 - one) * slope
        v = two * v + (1 - two) * slope**2
        found.append((rate, m, v, 1 - one**k, 1 - two**k))
    return found


RECURRENCES: dict[type[spec.Optimizer], Callable[..., Tensors]] = {
    spec.Sgd: by_element(sgd),
    spec.HeavyBall: by_element(heavy_ball),
    spec.Nesterov: by_element(nesterov),
    spec.Adagrad: by_element(adagrad),
    spec.Rmsprop: by_element(rmsprop),
    spec.Adadelta: by_element(adadelta),
    spec.Adam: by_element(adam),
    spec.Adamw: by_element(adam),
    spec.Adamax: by_element(adamax),
    spec.Nadam: by_element(nadam),
    spec.Ftrl: by_element(ftrl),
    spec.Lion: by_element(lion),
    spec.Lamb: lamb,
    spec.Rprop: by_element(rprop),
    spec.Asgd: by_element(asgd),
}
