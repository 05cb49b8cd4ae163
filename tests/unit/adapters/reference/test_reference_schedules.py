"""The oracle's schedules against the formulas of the spec, written a second time in mpmath at 50 digits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import MPContext

from adapters.reference.schedules import oracle, rates
from harness.spec import schedules as spec
from harness.spec.base import family_members

mp = MPContext()
mp.dps = 50


def exact(word: spec.Schedule, t: int) -> Any:
    """`rate(t)` to 50 digits: integers stay integers, floats are taken at their exact value."""
    match word:
        case spec.Constant():
            return mp.mpf(word.rate)
        case spec.Exponential():
            return mp.mpf(word.initial_rate) * mp.mpf(word.decay_rate) ** periods(word, t)
        case spec.NaturalExponential():
            elapsed = t - t % word.decay_steps if word.staircase else t
            return mp.mpf(word.initial_rate) / mp.exp(mp.mpf(word.decay_rate) * elapsed)
        case spec.InverseTime():
            return mp.mpf(word.initial_rate) / (1 + word.decay_rate * mp.mpf(periods(word, t)))
        case spec.Polynomial():
            cycles = max(1, -(-t // word.decay_steps)) if word.cycle else 1
            left = mp.mpf(max(0, word.decay_steps * cycles - t)) / (word.decay_steps * cycles)
            return (mp.mpf(word.initial_rate) - word.end_rate) * left ** mp.mpf(word.power) + word.end_rate
        case spec.Cosine():
            ratio = mp.mpf(word.floor_ratio)
            return word.initial_rate * (
                ratio + (1 - ratio) * wave(Fraction(min(t, word.decay_steps), word.decay_steps))
            )
        case spec.CosineMinMax():
            span = mp.mpf(word.maximum) - word.minimum
            return word.minimum + span * wave(Fraction(min(t, word.decay_steps), word.decay_steps))
        case spec.CosineRestarts():
            start, length, number = Fraction(0), Fraction(word.first_period), 0
            while t >= start + length:
                start, length, number = start + length, length * Fraction(word.period_factor), number + 1
            ratio, peak = mp.mpf(word.floor_ratio), mp.mpf(word.peak_factor) ** number
            return word.initial_rate * (ratio + (1 - ratio) * peak * wave((t - start) / length))
        case spec.PiecewiseConstant():
            passed = sum(b < t if word.boundary == "inclusive" else b <= t for b in word.boundaries)
            return mp.mpf(word.values[passed])
        case spec.LinearWarmup():
            return ramp(word.start_rate, mp.mpf(word.target_rate), t, word.warmup_steps)
        case spec.WarmupThen():
            if t >= word.warmup_steps:
                return exact(word.then, t - word.warmup_steps if word.shifts else t)
            return ramp(word.start_rate, exact(word.then, 0), t, word.warmup_steps)
        case spec.OneCycle():
            if t < word.warmup_steps:
                return eased(word.shape, word.initial_rate, word.maximum, Fraction(t, word.warmup_steps))
            done = Fraction(min(t - word.warmup_steps, word.decay_steps), word.decay_steps)
            return eased(word.shape, word.maximum, word.final_rate, done)
        case spec.Triangular():
            cycle, within = divmod(t, 2 * word.half_period)
            share = 1 - abs(Fraction(within, word.half_period) - 1)  # the paper's form, with an absolute value
            height = (mp.mpf(word.maximum) - word.minimum) * mp.mpf(word.peak_factor) ** cycle
            return word.minimum + height * share.numerator / share.denominator
        case spec.ReciprocalSquareRoot():
            # The paper's form: a factor times min(k ** -0.5, k * W ** -1.5).
            number, warmup = mp.mpf(t + 1), mp.mpf(word.warmup_steps)
            return word.peak_rate * mp.sqrt(warmup) * min(1 / mp.sqrt(number), number / warmup ** mp.mpf(1.5))
        case spec.Sequence():
            passed = sum(milestone <= t for milestone in word.milestones)
            return exact(word.schedules[passed], t - (0, *word.milestones)[passed])
    raise AssertionError(f"no second formula for {word!r}")


def periods(word: Any, t: int) -> Any:
    return t // word.decay_steps if word.staircase else mp.mpf(t) / word.decay_steps


def wave(x: Fraction) -> Any:
    return (1 + mp.cospi(mp.mpf(x.numerator) / x.denominator)) / 2


def eased(shape: str, start: float, target: float, x: Fraction) -> Any:
    risen = 1 - wave(x) if shape == "cosine" else mp.mpf(x.numerator) / x.denominator
    return mp.mpf(start) + (mp.mpf(target) - start) * risen


def ramp(start: float, target: Any, t: int, length: int) -> Any:
    return start + (target - start) * min(t, length) / length


def assert_within_one_ulp(word: spec.Schedule, steps: Iterable[int], of: float | None = None) -> None:
    """Within one unit in the last place of the rate itself, or of the number `of`."""
    # The oracle's own promise: computed in more than float64, then rounded once.
    steps = list(steps)
    for t, rate in zip(steps, oracle(word, np.array(steps)), strict=True):
        wanted = exact(word, t)
        units = abs(mp.mpf(float(rate)) - wanted) / math.ulp(float(wanted) if of is None else of)
        assert units <= 1, f"{word!r}, step {t}: {rate!r}, exactly {mp.nstr(wanted, 20)}, {mp.nstr(units, 4)} ULP off"


def around(word: spec.Schedule) -> list[int]:
    """Step 0, and every boundary with the step on either side."""
    return sorted({0, 1, *(b + offset for b in word.boundaries_of_interest() for offset in (-1, 0, 1))})


# Over orders of magnitude alike: what cancels shows where one rate is far below another.
rate = st.floats(-8, 1).map(lambda exponent: 10.0**exponent)
ratio = st.sampled_from([0.0, 1.0]) | st.floats(0, 1)
stairs = st.booleans()


def schedules(length: st.SearchStrategy[int]) -> dict[type[spec.Schedule], st.SearchStrategy[Any]]:
    """Hyper-parameters of every schedule; `length` draws the numbers of steps in them."""
    of: dict[type[spec.Schedule], st.SearchStrategy[Any]] = {
        spec.Constant: st.builds(spec.Constant, rate=rate),
        spec.Exponential: st.builds(
            spec.Exponential, initial_rate=rate, decay_rate=st.floats(0.01, 1.5), decay_steps=length, staircase=stairs
        ),
        spec.NaturalExponential: st.builds(
            spec.NaturalExponential,
            initial_rate=rate,
            # To exp(-200): further down the rates are no normal float64 numbers.
            decay_rate=st.floats(0, 1),
            decay_steps=length,
            staircase=stairs,
        ),
        spec.InverseTime: st.builds(
            spec.InverseTime, initial_rate=rate, decay_rate=st.floats(0, 10), decay_steps=length, staircase=stairs
        ),
        spec.Polynomial: st.builds(
            spec.Polynomial,
            initial_rate=rate,
            end_rate=st.just(0.0) | rate,
            decay_steps=length,
            power=st.sampled_from([0.5, 1.0, 2.0]) | st.floats(0.1, 5),
            cycle=stairs,
        ),
        spec.Cosine: st.builds(spec.Cosine, initial_rate=rate, decay_steps=length, floor_ratio=ratio),
        spec.CosineMinMax: st.tuples(st.just(0.0) | rate, rate, length).map(
            lambda drawn: spec.CosineMinMax(minimum=min(drawn[:2]), maximum=max(drawn[:2]), decay_steps=drawn[2])
        ),
        spec.CosineRestarts: st.builds(
            spec.CosineRestarts,
            initial_rate=rate,
            first_period=length,
            # Dyadic, so that the start of every period is a float64 number. Others: see the test of their own.
            period_factor=st.sampled_from([1.0, 1.25, 1.5, 2.0, 3.0]),
            peak_factor=st.floats(0.1, 2),
            floor_ratio=ratio,
        ),
        spec.PiecewiseConstant: st.lists(length, min_size=1, max_size=5, unique=True).flatmap(
            lambda drawn: st.builds(
                spec.PiecewiseConstant,
                boundaries=st.just(tuple(sorted(drawn))),
                values=st.lists(rate, min_size=len(drawn) + 1, max_size=len(drawn) + 1).map(tuple),
                boundary=st.sampled_from(["inclusive", "exclusive"]),
            )
        ),
        spec.LinearWarmup: st.builds(
            spec.LinearWarmup, target_rate=rate, warmup_steps=length, start_rate=st.just(0.0) | rate
        ),
    }
    of[spec.OneCycle] = st.builds(
        spec.OneCycle,
        initial_rate=st.just(0.0) | rate,
        maximum=rate,
        final_rate=st.just(0.0) | rate,
        warmup_steps=length,
        decay_steps=length,
        shape=st.sampled_from(["cosine", "linear"]),
    )
    of[spec.Triangular] = st.tuples(st.just(0.0) | rate, rate, length, st.sampled_from([1.0, 0.5, 0.9])).map(
        lambda drawn: spec.Triangular(
            minimum=min(drawn[:2]), maximum=max(drawn[:2]), half_period=drawn[2], peak_factor=drawn[3]
        )
    )
    of[spec.ReciprocalSquareRoot] = st.builds(spec.ReciprocalSquareRoot, peak_rate=rate, warmup_steps=length)
    followed = st.one_of([each for kind, each in of.items() if kind is not spec.LinearWarmup])
    of[spec.WarmupThen] = st.builds(
        spec.WarmupThen, warmup_steps=length, start_rate=st.just(0.0) | rate, then=followed, shifts=st.booleans()
    )
    parts = st.one_of([each for kind, each in of.items() if kind not in (spec.NaturalExponential, spec.WarmupThen)])
    of[spec.Sequence] = st.lists(length, min_size=1, max_size=3, unique=True).flatmap(
        lambda drawn: st.builds(
            spec.Sequence,
            milestones=st.just(tuple(sorted(drawn))),
            schedules=st.lists(parts, min_size=len(drawn) + 1, max_size=len(drawn) + 1).map(tuple),
        )
    )
    return of


SHORT, LONG = schedules(st.integers(1, 60)), schedules(st.integers(1_000, 100_000))


def test_no_schedule_is_left_out() -> None:
    shipped = {kind for kind in family_members(spec.Schedule) if kind.__module__.startswith(spec.__name__)}
    assert set(SHORT) == shipped


@pytest.mark.parametrize("kind", SHORT, ids=lambda kind: kind.word())
@settings(derandomize=True, deadline=None, max_examples=25)
@given(data=st.data())
def test_every_step_of_a_horizon_and_past_its_end(kind: type[spec.Schedule], data: st.DataObject) -> None:
    word = data.draw(SHORT[kind])
    end = max(word.boundaries_of_interest(), default=20)
    assert_within_one_ulp(word, sorted({*range(min(end, 150) + 12), *around(word)}))


@pytest.mark.parametrize(
    "kind", [kind for kind in LONG if kind is not spec.NaturalExponential], ids=lambda kind: kind.word()
)
@settings(derandomize=True, deadline=None, max_examples=40)
@given(data=st.data())
def test_boundaries_of_long_schedules(kind: type[spec.Schedule], data: st.DataObject) -> None:
    # Where a rate comes near 0, at the end of many steps, a formula that cancels loses its digits.
    word = data.draw(LONG[kind])
    if isinstance(word, spec.WarmupThen) and isinstance(word.then, spec.NaturalExponential):
        word = word.model_copy(update={"then": word.then.model_copy(update={"decay_rate": 1e-3})})
    end = max(word.boundaries_of_interest(), default=20)
    assert_within_one_ulp(word, sorted({*around(word), end // 2, end + 1_000}))


@pytest.mark.parametrize("factor", [1.01, 1.1, 1.3])
def test_restarts_with_a_factor_that_is_no_binary_fraction(factor: float) -> None:
    # 10 + 10 * 1.1 is 21 in decimals and above 21 for the float64 number nearest to 1.1: on such a tie the exact value
    # jumps between peak and floor with the last bit of the factor, so steps that meet a restart are left out.
    word = spec.CosineRestarts(initial_rate=0.1, first_period=10, period_factor=factor, peak_factor=0.9)
    start, ties = Fraction(0), set()
    for number in range(12):
        start += 10 * Fraction(factor) ** number
        ties |= {t for t in (math.floor(start), math.ceil(start)) if abs(t - start) < Fraction(1, 10**9)}
    steps = [t for t in range(100) if t not in ties]
    assert len(steps) >= 98
    # In ULPs of the highest rate: with the start of the period, which is rounded, the whole wave moves sideways.
    assert_within_one_ulp(word, steps, of=word.initial_rate)


@pytest.mark.parametrize("side", ["inclusive", "exclusive"])
def test_piecewise_constant_has_the_values_themselves(side: Any) -> None:
    word = spec.PiecewiseConstant(boundaries=(2, 3, 7), values=(0.1, 0.3, 0.7, 1e-9), boundary=side)
    at = {
        "inclusive": [0.1] * 3 + [0.3] + [0.7] * 4 + [1e-9] * 3,
        "exclusive": [0.1] * 2 + [0.3] + [0.7] * 4 + [1e-9] * 4,
    }
    assert oracle(word, np.arange(11)).tolist() == at[side]


@pytest.mark.parametrize(
    ("word", "by_hand"),
    [
        (spec.Exponential(initial_rate=1, decay_rate=0.25, decay_steps=2), {0: 1, 1: 0.5, 2: 0.25, 4: 0.0625}),
        (spec.Exponential(initial_rate=1, decay_rate=0.25, decay_steps=2, staircase=True), {1: 1, 2: 0.25, 3: 0.25}),
        (spec.Exponential(initial_rate=0.3, decay_rate=1, decay_steps=3), {0: 0.3, 1: 0.3, 100: 0.3}),
        (spec.NaturalExponential(initial_rate=0.3, decay_rate=0), {0: 0.3, 100: 0.3}),
        (spec.InverseTime(initial_rate=1, decay_rate=0.5, decay_steps=2), {0: 1, 2: 1 / 1.5, 4: 0.5, 12: 0.25}),
        (
            spec.InverseTime(initial_rate=1, decay_rate=1, decay_steps=4, staircase=True),
            {3: 1, 4: 0.5, 7: 0.5, 12: 0.25},
        ),
        (spec.Polynomial(initial_rate=1, end_rate=0.5, decay_steps=4, power=2), {0: 1, 2: 0.625, 4: 0.5, 5: 0.5}),
        (spec.Polynomial(initial_rate=1, end_rate=0, decay_steps=4, cycle=True), {4: 0, 5: 0.375, 8: 0, 9: 0.25}),
        (spec.Cosine(initial_rate=0.5, decay_steps=6), {0: 0.5, 2: 0.375, 3: 0.25, 4: 0.125, 6: 0, 7: 0}),
        (spec.Cosine(initial_rate=0.3, decay_steps=6, floor_ratio=1), {0: 0.3, 1: 0.3, 5: 0.3, 6: 0.3, 9: 0.3}),
        (spec.CosineMinMax(minimum=0.25, maximum=0.75, decay_steps=3), {0: 0.75, 1: 0.625, 2: 0.375, 3: 0.25, 9: 0.25}),
        (
            spec.CosineRestarts(initial_rate=1, first_period=3, peak_factor=0.5),
            {0: 1, 1: 0.75, 3: 0.5, 6: 0.25, 9: 0.25},
        ),
        (spec.LinearWarmup(target_rate=1, warmup_steps=4, start_rate=0.5), {0: 0.5, 1: 0.625, 3: 0.875, 4: 1, 5: 1}),
        (
            spec.WarmupThen(warmup_steps=4, then=spec.Exponential(initial_rate=1, decay_rate=0.5, decay_steps=1)),
            {0: 0, 1: 0.25, 3: 0.75, 4: 1, 5: 0.5, 6: 0.25},
        ),
        (
            spec.OneCycle(initial_rate=0.5, maximum=1, final_rate=0, warmup_steps=2, decay_steps=4, shape="linear"),
            {0: 0.5, 1: 0.75, 2: 1, 3: 0.75, 5: 0.25, 6: 0, 9: 0},
        ),
        (
            spec.OneCycle(initial_rate=0.5, maximum=1, final_rate=0, warmup_steps=2, decay_steps=6),
            {0: 0.5, 1: 0.75, 2: 1, 4: 0.75, 5: 0.5, 6: 0.25, 8: 0, 9: 0},
        ),
        (spec.Triangular(minimum=0.5, maximum=1, half_period=2), {0: 0.5, 1: 0.75, 2: 1, 3: 0.75, 4: 0.5, 6: 1}),
        (spec.Triangular(minimum=0, maximum=1, half_period=2, peak_factor=0.5), {2: 1, 4: 0, 6: 0.5, 9: 0.125}),
        (spec.ReciprocalSquareRoot(peak_rate=1, warmup_steps=4), {0: 0.25, 1: 0.5, 3: 1, 15: 0.5, 63: 0.25}),
        (
            spec.Sequence(
                schedules=(spec.Constant(rate=1), spec.Exponential(initial_rate=1, decay_rate=0.5, decay_steps=1)),
                milestones=(3,),
            ),
            {0: 1, 2: 1, 3: 1, 4: 0.5, 5: 0.25},
        ),
        (
            spec.WarmupThen(
                warmup_steps=4, then=spec.Exponential(initial_rate=1, decay_rate=0.5, decay_steps=2), shifts=False
            ),
            {0: 0, 1: 0.25, 3: 0.75, 4: 0.25, 6: 0.125},
        ),
    ],
    ids=lambda value: value.name_in_tables if isinstance(value, spec.Schedule) else "",
)
def test_values_by_hand(word: spec.Schedule, by_hand: dict[int, float]) -> None:
    # Equal, not near: each is a float64 number or the float64 number nearest to the rate.
    assert dict(zip(by_hand, oracle(word, np.array(list(by_hand))).tolist(), strict=True)) == by_hand


@pytest.mark.parametrize("kind", SHORT, ids=lambda kind: kind.word())
@settings(derandomize=True, deadline=None, max_examples=10)
@given(data=st.data())
def test_a_rate_depends_on_its_step_alone_and_each_arithmetic_stays_itself(
    kind: type[spec.Schedule], data: st.DataObject
) -> None:
    word, steps = data.draw(SHORT[kind]), np.arange(40)
    together = oracle(word, steps)
    assert together.tolist() == [oracle(word, np.array([t]))[0] for t in steps]
    assert together[::-1].tolist() == oracle(word, steps[::-1]).tolist()
    # In a wider arithmetic the reference would find less error than a framework must make.
    assert {f: rates(word, steps, f).dtype for f in (np.float32, np.float64)} == {
        f: f for f in (np.float32, np.float64)
    }
