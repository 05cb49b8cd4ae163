"""The reference's update rules against closed forms in mpmath: sums over all earlier gradients, not recurrences."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from mpmath import MPContext

import adapters
from adapters import canonical
from adapters.canonical import coefficients
from adapters.protocol import Adapter
from adapters.reference.optimizers import RULES
from harness.spec import optimizers as spec
from harness.spec.arm import Arm
from harness.spec.base import family_members
from harness.spec.schedules import Constant, PiecewiseConstant

mp = MPContext()
mp.dps = 50
EPS = float(np.finfo(np.float64).eps)
UPDATES, WEIGHTS = 240, 3
Numbers = Sequence[Any]


def reference(precision: Any = "float64", policy: Any = "exact") -> Adapter:
    arm = Arm(name="reference", adapter="reference", mode="numpy", precision=precision, realisation=policy)
    return adapters.load(arm)


def schedule_of(rates: Sequence[float]) -> PiecewiseConstant:
    """Any rates, step by step."""
    return PiecewiseConstant(boundaries=range(1, len(rates)), values=rates, boundary="exclusive")


def changing_rates() -> list[float]:
    """Ten levels over three orders of magnitude, 24 updates each, and a bit of noise on every one."""
    rng = np.random.default_rng(11)
    return [0.1 * 0.5 ** (t // 24) * float(rng.uniform(0.9, 1.1)) for t in range(UPDATES)]


@functools.cache
def power(base: float, exponent: int) -> Any:
    return mp.mpf(base) ** exponent


def fading(beta: float, values: Numbers, t: int) -> Any:
    """`sum over s <= t of beta**(t - s) * values[s]`."""
    return mp.fsum(power(beta, t - s) * values[s] for s in range(t + 1))


def sgd(word: Any, w: Any, r: Numbers, g: Numbers, t: int) -> Any:
    return w - mp.fsum(r[s] * g[s] for s in range(t + 1))


def heavy_ball(word: spec.HeavyBall, w: Any, r: Numbers, g: Numbers, t: int) -> Any:
    mu = mp.mpf(word.momentum)
    if word.form == "rate_outside":
        return w - mp.fsum(r[k] * fading(word.momentum, g, k) for k in range(t + 1))
    # Each step, at its own rate, goes on as a geometric series.
    return w - mp.fsum(r[s] * g[s] * (1 - power(word.momentum, t - s + 1)) / (1 - mu) for s in range(t + 1))


def nesterov(word: spec.Nesterov, w: Any, r: Numbers, g: Numbers, t: int) -> Any:
    mu = mp.mpf(word.momentum)
    if word.form == "rate_outside":
        return w - mp.fsum(r[k] * (g[k] + mu * fading(word.momentum, g, k)) for k in range(t + 1))
    # The step itself, and its series one term further than without look-ahead.
    return w - mp.fsum(r[s] * g[s] * (1 - power(word.momentum, t - s + 2)) / (1 - mu) for s in range(t + 1))


def adam(word: spec.Adam, w: Any, r: Numbers, g: Numbers, t: int, corrected_epsilon: bool = False) -> Any:
    squares = [each * each for each in g]
    for k in range(t + 1):
        m_part, v_part = 1 - power(word.beta1, k + 1), 1 - power(word.beta2, k + 1)
        m = (1 - mp.mpf(word.beta1)) * fading(word.beta1, g, k)
        v = (1 - mp.mpf(word.beta2)) * fading(word.beta2, squares, k)
        epsilon = word.epsilon * (mp.sqrt(v_part) if corrected_epsilon else 1)
        w -= r[k] * mp.sqrt(v_part) / m_part * m / (mp.sqrt(v) + epsilon)
    return w


CLOSED_FORMS: dict[type[spec.Optimizer], Callable[..., Any]] = {
    spec.Sgd: sgd,
    spec.HeavyBall: heavy_ball,
    spec.Nesterov: nesterov,
    spec.Adam: adam,
}
WORDS: list[spec.Optimizer] = [
    spec.Sgd(),
    *(spec.HeavyBall(momentum=0.9, form=form) for form in ("rate_outside", "rate_inside")),
    *(spec.Nesterov(momentum=0.9, form=form) for form in ("rate_outside", "rate_inside")),
    spec.Nesterov(momentum=0, form="rate_inside"),
    spec.Adam(),
    spec.Adam(beta1=0.5, beta2=0.9, epsilon=1e-2),
]


def drawn() -> tuple[Any, list[Any]]:
    rng = np.random.default_rng(12)
    # Of very different sizes: some rules divide by the size of a gradient, and epsilon counts beside small ones.
    return rng.normal(size=WEIGHTS), list(rng.normal(size=(UPDATES, WEIGHTS)) * [1.0, 1e-3, 10.0])


def replayed(word: spec.Optimizer, rates: Sequence[float], start: Any, gradients: Sequence[Any]) -> list[Any]:
    steps = reference().optimizer(word, schedule_of(rates), {"w": start}, [{"w": g} for g in gradients])
    return [after["w"] for after in steps]


def rounding(word: spec.Optimizer, rates: Sequence[float], weights: Sequence[Any], t: int) -> float:
    """What float64 may lose in t + 1 updates: an EPS of the weight at each, and as much of what is taken from it."""
    largest = max(float(np.abs(after).max()) for after in weights[: t + 1])
    if not isinstance(word, spec.Adam):
        return 2 * EPS * largest * (t + 1)
    # Its coefficient holds 1 - beta2**k: a difference near 0, and half its relative error is the square root's.
    lost = [8 * EPS + EPS / 2 / (1 - word.beta2**k) for k in range(1, t + 2)]
    # An update is never more than (1 - beta1) / sqrt(1 - beta2) rates: 3.2 for the usual numbers.
    return EPS * largest * (t + 1) + sum(3.2 * rate * each for rate, each in zip(rates[: t + 1], lost, strict=True))


def test_no_optimizer_is_left_out() -> None:
    shipped = {kind for kind in family_members(spec.Optimizer) if kind.__module__ == spec.__name__}
    assert set(CLOSED_FORMS) == shipped == set(RULES) == set(canonical.RULES) == {type(word) for word in WORDS}


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{word.name_in_tables} {getattr(word, 'epsilon', '')}")
def test_long_replay_at_changing_rates(word: spec.Optimizer) -> None:
    rates, (start, gradients) = changing_rates(), drawn()
    weights = replayed(word, rates, start, gradients)
    assert len(weights) == UPDATES
    r = [mp.mpf(rate) for rate in rates]
    for element in range(WEIGHTS):
        g = [mp.mpf(float(gradient[element])) for gradient in gradients]
        for t in (0, 1, 2, 23, 24, 25, 100, UPDATES - 1):
            wanted = CLOSED_FORMS[type(word)](word, mp.mpf(float(start[element])), r, g, t)
            off = abs(mp.mpf(float(weights[t][element])) - wanted)
            assert off <= rounding(word, rates, weights, t), f"weight {element} after update {t}: {mp.nstr(off)} off"


def test_the_bound_tells_the_forms_apart() -> None:
    # The same comparison must fail for the neighbouring rule, or it would show nothing.
    rates, (start, gradients) = changing_rates(), drawn()
    r, g = [mp.mpf(rate) for rate in rates], [mp.mpf(float(gradient[0])) for gradient in gradients]
    w, t = mp.mpf(float(start[0])), 30
    pairs = [
        (
            kind(momentum=0.9, form="rate_outside"),
            CLOSED_FORMS[kind](kind(momentum=0.9, form="rate_inside"), w, r, g, t),
        )
        for kind in (spec.HeavyBall, spec.Nesterov)
    ]
    pairs.append((spec.Adam(), adam(spec.Adam(), w, r, g, t, corrected_epsilon=True)))
    for word, other in pairs:
        weights = replayed(word, rates[: t + 1], start, gradients[: t + 1])
        assert abs(mp.mpf(float(weights[t][0])) - other) > 1e3 * rounding(word, rates, weights, t), word


def test_momentum_at_a_rate_that_falls_in_steps() -> None:
    rates = [0.1] * 3 + [0.01] * 3 + [0.001] * 2
    by_hand = {
        # v = 1, 1.9, 2.71, 3.439, 4.0951, 4.68559, 5.217031, 5.6953279
        "rate_outside": [0.1, 0.29, 0.561, 0.59539, 0.636341, 0.6831969, 0.688413931, 0.6941092589],
        # v = -0.1, -0.19, -0.271, -0.2539, -0.23851, -0.224659, -0.2031931, -0.18387379
        "rate_inside": [0.1, 0.29, 0.561, 0.8149, 1.05341, 1.278069, 1.4812621, 1.66513589],
    }
    found = {}
    for form, wanted in by_hand.items():
        word = spec.HeavyBall(momentum=0.9, form=form)
        found[form] = -np.concatenate(replayed(word, rates, np.zeros(1), [np.ones(1)] * 8))
        # Eight updates of three roundings each, of numbers below 6 of which at most a tenth reaches the weight.
        assert np.abs(found[form] - wanted).max() <= 8 * 3 * EPS
    apart = np.abs(found["rate_inside"] - found["rate_outside"])
    assert apart[:3].max() <= 9 * EPS
    assert apart[3] > 0.2
    assert (np.diff(apart[2:]) > 0).all()


def test_constant_rates_make_the_forms_equal() -> None:
    start, gradients = drawn()
    for kind in (spec.HeavyBall, spec.Nesterov):
        one, other = (
            replayed(kind(momentum=0.9, form=form), [0.1] * 50, start, gradients[:50])
            for form in spec.MomentumForm.__args__
        )
        apart = max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))
        assert 0 < apart <= 2 * rounding(kind(momentum=0.9, form="rate_inside"), [], one, 49)


def test_each_parameter_has_slots_of_its_own() -> None:
    start, gradients = drawn()
    word, rates = spec.Adam(), Constant(rate=0.1)
    both = {"a": start, "b": np.zeros((2, 2))}
    fed = [{"a": g, "b": np.full((2, 2), g[0])} for g in gradients[:20]]
    *_, last = reference().optimizer(word, rates, both, fed)
    *_, alone = reference().optimizer(word, rates, {"a": start}, [{"a": each["a"]} for each in fed])
    *_, scalar = reference().optimizer(word, rates, {"b": np.zeros(1)}, [{"b": g[:1]} for g in gradients[:20]])
    assert last["a"].tolist() == alone["a"].tolist()
    assert last["b"].tolist() == [[scalar["b"][0]] * 2] * 2


def test_adam_coefficients_are_computed_in_float64_and_rounded_once_or_else_in_float32() -> None:
    word, rates = spec.Adam(), np.full(50, 1e-3)
    exact, narrow = coefficients(word, rates), coefficients(word, rates, np.float32)
    assert {values.dtype.name for values in exact.values()} == {"float64"}
    assert {values.dtype.name for values in narrow.values()} == {"float32"}
    for step in range(50):
        wanted = mp.mpf(1e-3) * mp.sqrt(1 - mp.mpf(0.999) ** (step + 1)) / (1 - mp.mpf(0.9) ** (step + 1))
        assert np.float32(exact["rate"][step]) == np.float32(float(wanted))
    # float32(0.999) is 1.3e-8 off, which is 1.3e-5 of 1 - 0.999 and half that of its square root.
    assert 6e-6 < abs(float(narrow["rate"][0]) / exact["rate"][0] - 1) < 7e-6


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{word.name_in_tables} {getattr(word, 'epsilon', '')}")
def test_the_rules_that_frameworks_share_are_those_of_the_reference(word: spec.Optimizer, precision: Any) -> None:
    # To the last bit: NumPy's operators stand in for those of a framework.
    start, gradients = (np.asarray(each, precision) for each in drawn())
    rates, rule = changing_rates()[:50], canonical.RULES[type(word)]
    table = {name: each.astype(precision) for name, each in coefficients(word, np.array(rates)).items()}
    w, slots = start, (np.zeros_like(start),) * rule.slots
    fed = [{"w": g} for g in gradients[:50]]
    replayed = reference(precision).optimizer(word, schedule_of(rates), {"w": start}, fed)
    for t, after in enumerate(replayed):
        c = {name: values[t] for name, values in table.items()}
        w, slots = rule.update(word, c, w, gradients[t], slots, np.sqrt)
        assert w.tobytes() == after["w"].tobytes(), f"update {t}"
    assert t == 49


@pytest.mark.parametrize("policy", ["native", "exact"])
def test_float32_stays_float32(policy: Any) -> None:
    start, gradients = drawn()
    for word in WORDS:
        fed = [{"w": g} for g in gradients[:3]]
        for after in reference("float32", policy).optimizer(word, Constant(rate=0.1), {"w": start}, fed):
            assert after["w"].dtype == np.float32
