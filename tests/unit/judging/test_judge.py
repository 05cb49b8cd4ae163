"""From numbers to a verdict: what agrees, what diverges, where, by how much, and how much is forgiven."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.judging.judge import Claim, judge, worst_of
from harness.judging.tolerances import (
    FACTOR,
    FLOOR_ULP,
    STRICT,
    Tolerance,
    loss_error,
    margin,
    own_error,
    pooled_error,
    strict,
)
from harness.judging.ulp import error_against, ulp
from harness.records.verdict import Verdict

NAN, INF = math.nan, math.inf
EPS32, EPS64 = 2.0**-23, 2.0**-52
BOUND = 2.0**-10
REFERENCE = np.array([1.0, 2.0, 4.0])


def claim(values: Any, bound: Any = BOUND, arm: str = "a", precision: Any = np.float32) -> Claim:
    return Claim(arm, np.asarray(values, np.float64), Tolerance(np.asarray(bound), f"stated for {arm}"), precision)


def judged(a: Claim, b: Claim | None = None, reference: Any = REFERENCE, cause: str = "") -> Verdict:
    return judge("rung", "subject", np.asarray(reference), a, b, lambda index: f"at {index}", cause)


# --- ulp and error_against -------------------------------------------------------------------------------------------


def test_ulp_is_the_spacing_of_the_precision() -> None:
    values = np.array([1.0, -1.0, 1.5, 2.0, 3.999, 1024.0, 2.0**-100])
    for precision, eps in ((np.float32, EPS32), (np.float64, EPS64)):
        assert ulp(values, precision).tolist() == [eps, eps, eps, 2 * eps, 2 * eps, 1024 * eps, 2.0**-100 * eps]
        assert ulp(values.astype(precision), precision).dtype == np.float64


def test_ulp_at_zero_and_below_the_smallest_normal_number() -> None:
    # The spacing at eps times the largest value; 1e-40 and 1e-300 are below the normal numbers of float32.
    assert ulp(np.array([0.0, 1e-40, -1e-300, 4.0]), np.float32).tolist() == [4 * EPS32**2] * 3 + [4 * EPS32]
    assert ulp(np.array([0.0, 1e-40, 4.0]), np.float64)[0] == 4 * EPS64**2
    # With nothing larger: the spacing at the smallest normal number.
    assert ulp(np.zeros(2), np.float32).tolist() == [2.0**-149] * 2
    for odd in (INF, -INF, NAN):
        assert ulp(np.array([0.0, odd]), np.float64)[0] == 2.0**-1074


@pytest.mark.parametrize(
    ("value", "reference", "error"),
    [
        (1.5, 1.0, 0.5),
        (-1.0, 1.0, 2.0),
        (0.0, -0.0, 0.0),
        (INF, INF, 0.0),
        (-INF, -INF, 0.0),
        (NAN, NAN, 0.0),
        (INF, -INF, INF),
        (INF, 1.0, INF),
        (NAN, 1.0, INF),
        (1.0, NAN, INF),
        (1.0, INF, INF),
        (NAN, INF, INF),
        (1e308, -1e308, INF),
    ],
)
def test_error_against(value: float, reference: float, error: float) -> None:
    with np.errstate(over="ignore"):
        assert error_against(np.array([value]), np.array([reference])).tolist() == [error]


# --- judge -----------------------------------------------------------------------------------------------------------


def test_agrees_up_to_the_bound_and_no_further() -> None:
    verdict = judged(claim([1, 2 + BOUND, 4 - BOUND / 2]))
    assert verdict == Verdict(
        rung="rung",
        subject="subject",
        arm_a="a",
        arm_b="reference",
        status="agrees",
        worst_ulp=BOUND / (2 * EPS32),
        ulp_a=BOUND / (2 * EPS32),
        worst_index="at (1,)",
        value_a=2 + BOUND,
        value_reference=2.0,
        tolerance=BOUND,
        error_over_tolerance=1.0,
        tolerance_source="stated for a",
    )
    beyond = judged(claim([1, np.nextafter(2 + BOUND, 9), 4]), cause="a guess")
    assert (beyond.status, beyond.worst_index) == ("diverges", "at (1,)")
    assert beyond.cause == "a is off by 0.000977: a guess"
    assert judged(claim([1, np.nextafter(2 - BOUND, 0), 4])).status == "diverges"


def test_the_worst_is_the_largest_error_against_its_own_tolerance() -> None:
    reference = np.ones((2, 3))
    values = np.array([[1.5, 1, 1], [1, 1, 1.002]])
    bounds = [[1, 1, 1], [1, 1, 0.001]]
    verdict = judged(claim(values, bounds), reference=reference)
    assert (verdict.status, verdict.worst_index, verdict.tolerance) == ("diverges", "at (1, 2)", 0.001)
    assert verdict.error_over_tolerance == pytest.approx(2.0, rel=1e-12)  # 1.002 is rounded
    assert judged(claim(values), reference=reference).worst_index == "at (0, 0)"


def test_the_evidence_is_of_the_worse_arm() -> None:
    good, bad = claim([1, 2, 4 + 0.5], 1.0, "good", np.float64), claim([1, 2.5, 4], BOUND, "bad")
    for a, b in ((good, bad), (bad, good)):
        verdict = judged(a, b)
        assert (verdict.arm_a, verdict.arm_b, verdict.status) == (a.arm, b.arm, "diverges")
        assert (verdict.value_a, verdict.value_b, verdict.value_reference) == (a.values[1], b.values[1], 2.0)
        assert (verdict.nearer, verdict.tolerance_source) == ("good", "stated for bad")
        assert verdict.worst_ulp == 0.5 / (2 * EPS32)
        assert verdict.cause == "bad is off by 0.5"
    both = judged(claim([1, 3, 4], arm="x"), claim([1, 1, 4], arm="y"))
    assert (both.nearer, both.cause) == ("both alike", "x is off by 1, y is off by 1")
    assert judged(good, claim([1, 2, 4.5], 1.0, "b", np.float64)).nearer == "both alike"


@pytest.mark.parametrize("odd", [NAN, INF, -INF])
def test_what_is_no_number_agrees_with_itself_alone(odd: float) -> None:
    fine, broken = [1.0, 2.0, 4.0], [1.0, odd, 4.0]
    on_one_side = judged(claim(fine, arm="a"), claim(broken, arm="b"))
    assert (on_one_side.status, on_one_side.worst_index, on_one_side.nearer) == ("diverges", "at (1,)", "a")
    assert on_one_side.error_over_tolerance == INF
    both = judged(claim(broken, arm="a"), claim(broken, arm="b"))
    assert (both.status, both.nearer, both.cause) == ("diverges", "both alike", "a is off by inf, b is off by inf")
    assert judged(claim(broken), claim(broken, arm="b"), reference=broken).status == "agrees"
    assert judged(claim(fine), claim(broken, arm="b"), reference=broken).cause == "a is off by inf"
    assert judged(claim(broken, INF)).status == "diverges"  # not even a boundless tolerance is meant for it


def test_infinities_of_two_signs_diverge() -> None:
    assert judged(claim([1, INF, 4]), reference=[1, -INF, 4]).status == "diverges"


@pytest.mark.parametrize("values", [[1, 2], [1, 2, 4, 8], [[1, 2, 4]], [[1], [2], [4]], [1], []], ids=str)
def test_another_shape_diverges(values: Any) -> None:
    # Some of these would broadcast against the reference, and some would agree if cut to the shorter.
    right, wrong = claim(REFERENCE, INF, "right"), claim(values, INF, "wrong")
    for verdict in (judged(wrong), judged(right, wrong), judged(wrong, right)):
        assert verdict.status == "diverges"
        assert verdict.cause == f"wrong has shape {np.shape(values)}, the reference (3,)"


def test_a_bound_of_nan_or_of_zero_forgives_nothing() -> None:
    for bound in (NAN, 0.0):
        assert judged(claim(REFERENCE, bound)).status == "agrees"
        off = judged(claim([1, 2, np.nextafter(4, 9)], bound))
        assert (off.status, off.error_over_tolerance, off.worst_index) == ("diverges", INF, "at (2,)")
    assert judged(claim([1, 2, 5], [NAN, 9, 9])).status == "agrees"
    assert judged(claim([1.5, 2, 4], [NAN, 9, 9])).status == "diverges"


def test_a_reference_of_zero() -> None:
    verdict = judged(claim([1e-3, 2, 4], 1e-4), reference=[0, 2, 4])
    assert (verdict.status, verdict.value_reference) == ("diverges", 0.0)
    assert verdict.worst_ulp == 1e-3 / (4 * EPS32**2)
    assert judged(claim([0.0, -0.0], 0.0), reference=[-0.0, 0.0]).status == "agrees"


def near(reference: float, bound: float, share: float) -> tuple[float, float, float]:
    return reference + share * bound, reference, bound


# Any three numbers, and values on and about their bounds.
free = st.tuples(st.floats(), st.floats(), st.floats(0, 1))
about = st.builds(
    near, st.floats(-8, 8), st.floats(0, 1), st.sampled_from([-1.0, 0.0, 0.5, 1.0]) | st.floats(-1.1, 1.1)
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.lists(about, min_size=1, max_size=6) | st.lists(free | about, min_size=1, max_size=3))
def test_a_verdict_is_what_each_element_says(drawn: list[tuple[float, float, float]]) -> None:
    def within(value: float, reference: float, bound: float) -> bool:
        if math.isfinite(value) and math.isfinite(reference):
            return value == reference or (bound > 0 and abs(value - reference) / bound <= 1)
        return value == reference or (math.isnan(value) and math.isnan(reference))

    values, reference, bounds = zip(*drawn, strict=True)
    # Overflow of differences, and of what float32 cannot hold, is the matter here.
    with np.errstate(over="ignore", invalid="ignore"):
        verdict = judged(claim(values, bounds), reference=reference)
    assert verdict.status == ("agrees" if all(within(*each) for each in drawn) else "diverges")


def test_worst_of() -> None:
    near, nearer, off = (judged(claim([1, 2 + part * BOUND, 4])) for part in (0.75, 0.25, 2))
    further = judged(claim([1, 3, 4]))
    assert worst_of([nearer, near, judged(claim(REFERENCE))]) == near
    assert worst_of([near, off, further]) == off
    assert (
        worst_of([near, near.model_copy(update={"status": "crashed", "error_over_tolerance": None})]).status
        == "crashed"
    )
    wrong_shape = judged(claim([1, 2]))
    assert worst_of([near, wrong_shape]) == wrong_shape


# --- Tolerances ------------------------------------------------------------------------------------------------------


def test_own_error_is_a_multiple_of_the_largest_error_in_float32() -> None:
    off = np.array([0, 0, 2.0**-12])
    in_float32 = (REFERENCE + off).astype(np.float32)
    tolerance = own_error(REFERENCE, in_float32, np.float32)
    assert tolerance.bound.tolist() == (FACTOR * 2.0**-12 + FLOOR_ULP * EPS32 * REFERENCE).tolist()
    assert tolerance.source == "8 x the reference's own error in float32 + 4 ULP"
    exact = own_error(REFERENCE, REFERENCE.astype(np.float32), np.float32)
    assert exact.bound.tolist() == (FLOOR_ULP * EPS32 * REFERENCE).tolist()
    double = own_error(REFERENCE, in_float32, np.float64)
    assert double.bound.tolist() == (FACTOR * 2.0**-41 + FLOOR_ULP * EPS64 * REFERENCE).tolist()
    assert "in float64" in double.source


def test_own_error_of_neighbours() -> None:
    reference, off = np.ones(7), 2.0**-12
    in_float32 = np.array([1, 1, 1 + off, 1, 1, 1, 1], np.float32)
    bound = own_error(reference, in_float32, np.float32, window=1).bound - FLOOR_ULP * EPS32
    assert bound.tolist() == [0, FACTOR * off, FACTOR * off, FACTOR * off, 0, 0, 0]
    first = own_error(reference, np.roll(in_float32, -2), np.float32, window=2).bound - FLOOR_ULP * EPS32
    assert first.tolist() == [FACTOR * off] * 3 + [0] * 4


def test_pooled_error_is_the_worst_relative_error_of_all() -> None:
    reference = {"large": np.array([0.0, -64.0]), "small": np.array([0.25, 0.125]), "zero": np.zeros(2)}
    in_float32 = {**reference, "small": reference["small"] + [0.0, 2.0**-12]}
    found = pooled_error(reference, in_float32, np.float32)
    relative = 2.0**-12 / 0.25
    for name, largest in (("large", 64.0), ("small", 0.25)):
        floor = FLOOR_ULP * ulp(reference[name], np.float32)
        assert found[name].bound.tolist() == (FACTOR * relative * largest + floor).tolist()
    # A tensor of zeros has no relative error: its own absolute one counts, and the place that its terms may have had.
    noisy = pooled_error(reference, {**reference, "zero": np.full(2, 2.0**-30)}, np.float32)
    assert noisy["zero"].bound[0] == FACTOR * 2.0**-30 + FLOOR_ULP * 64 * EPS32
    assert noisy["large"].bound[1] == FLOOR_ULP * 64 * EPS32


def test_loss_strict_and_margin() -> None:
    assert loss_error(np.array([2.0]), 2.0**-10, np.float32).bound.tolist() == [FACTOR * 2.0**-10 + 8 * EPS32]
    assert STRICT == 1e-10
    bound = strict(np.array([2.0, -4.0, 0.0])).bound
    assert bound.tolist() == [2e-10, 4e-10, 0.0]
    values = np.array([2.0 + 1.9e-10, -4.0, 0.0])
    assert judged(claim(values, bound), reference=[2, -4, 0]).status == "agrees"
    assert judged(claim(values + np.array([0.2e-10, 0, 0]), bound), reference=[2, -4, 0]).status == "diverges"
    assert judged(claim(values + np.array([0, 0, 1e-300]), bound), reference=[2, -4, 0]).status == "diverges"
    assert float(margin(0.003).bound) == 0.003
