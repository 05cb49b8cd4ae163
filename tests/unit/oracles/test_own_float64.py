"""Who is wrong where there is no reference: what each side computes in float64 says it, or that it cannot be said."""

from dataclasses import replace

import numpy as np
import pytest

from harness.judging.checks import judge_checks
from harness.oracles.oracle import Place, checks
from harness.oracles.own_float64 import OwnFloat64, Side, no_measure, reduced_precision
from harness.spec.arm import Arm

VALUES = np.random.default_rng(0).normal(size=(5, 3))


def side(name, float32, float64=None, precision="float32", refused="", tensor="x"):
    arm = Arm(name=name, adapter=name, mode="eager", precision=precision)
    arrays = {f"{precision}/{tensor}": float32}
    arrays |= {} if float64 is None else {f"float64/{tensor}": float64}
    return Side.of(arm, arrays, refused)


def verdict(a, b):
    oracle = OwnFloat64.pooled(a, b, ["x"])
    (judged,) = judge_checks(checks("model", oracle, oracle.sides, {"x": Place("x", "evaluation")}))
    return judged


def rounded(values, by=1e-7, seed=1):
    return (values * (1 + by * np.random.default_rng(seed).uniform(-1, 1, values.shape))).astype(np.float32)


def test_rounding_on_both_sides_agrees_and_is_certified():
    judged = verdict(side("a", rounded(VALUES), VALUES), side("b", rounded(VALUES, seed=2), VALUES))
    assert (judged.status, judged.judgement) == ("agrees", "both right")
    assert judged.value_reference is None
    assert judged.detects is not None
    assert judged.detects < 1e-4


def test_one_that_is_far_from_its_own_float64_is_at_fault():
    judged = verdict(side("a", rounded(VALUES, 1e-3), VALUES), side("b", rounded(VALUES), VALUES))
    assert (judged.status, judged.judgement, judged.culprit) == ("diverges", "one wrong", "a")
    assert "equal in float64: a is numerically off" in judged.cause


def test_two_functions_cannot_be_told_apart_by_arithmetic():
    other = VALUES * 1.01
    judged = verdict(side("a", rounded(other), other), side("b", rounded(VALUES), VALUES))
    assert (judged.status, judged.judgement, judged.culprit, judged.nearer) == ("diverges", "undetermined", "", "")
    assert "in float64: two different functions" in judged.cause


def test_without_float64_on_one_side_the_other_is_the_measure_and_no_judge():
    judged = verdict(side("a", rounded(VALUES, 1e-3), refused="Conv2D refuses it"), side("b", rounded(VALUES), VALUES))
    assert (judged.status, judged.judgement) == ("diverges", "undetermined")
    assert judged.cause.endswith("which is wrong cannot be told: a does not run in float64")  # why, is said once
    assert (
        verdict(side("a", rounded(VALUES), refused="no"), side("b", rounded(VALUES, seed=2), VALUES)).status == "agrees"
    )


def test_without_float64_on_either_side_nothing_agrees():
    judged = verdict(side("a", rounded(VALUES), refused="no"), side("b", rounded(VALUES), refused="nor here"))
    assert judged.status == "unverified"
    assert "neither side runs in float64, so there is no measure: a: no; b: nor here" in judged.cause


def test_float64_arms_are_held_to_the_strict_bound():
    exact = side("b", VALUES, precision="float64")
    assert verdict(side("a", VALUES * (1 + 1e-13), precision="float64"), exact).status == "agrees"
    assert verdict(side("a", VALUES * (1 + 1e-8), precision="float64"), exact).status == "diverges"


def test_another_shape_diverges_and_nothing_is_cut():
    judged = verdict(side("a", rounded(VALUES[:4]), VALUES[:4]), side("b", rounded(VALUES), VALUES))
    assert (judged.status, judged.culprit) == ("diverges", "")
    assert "a has (4, 3), b has (5, 3)" in judged.cause


def test_a_tensor_of_one_side_alone_diverges():
    judged = verdict(side("a", rounded(VALUES), VALUES, tensor="y"), side("b", rounded(VALUES), VALUES))
    assert (judged.status, judged.cause) == ("diverges", "shape: a has none, b has (5, 3)")


def test_a_nan_on_one_side_diverges():
    spoilt = rounded(VALUES)
    spoilt[1, 1] = np.nan
    assert verdict(side("a", spoilt, VALUES), side("b", rounded(VALUES), VALUES)).status == "diverges"


def many(wrong):
    """Three tensors of one subject, the second of them wrong in `a` or not."""
    tensors = {name: VALUES * scale for name, scale in (("first", 1), ("second", 2), ("noise", 1e-20))}
    sides = []
    for number, name in enumerate("ab"):
        arm = Arm(name=name, adapter=name, mode="eager")
        by = {tensor: 1e-3 if wrong and name == "a" and tensor == "second" else 1e-7 for tensor in tensors}
        float32 = {tensor: rounded(value, by[tensor], number) for tensor, value in tensors.items()}
        sides.append(Side(arm, float32, tensors))
    oracle = OwnFloat64.pooled(*sides, list(tensors))
    places = {
        tensor: Place("many", name_index=lambda index, tensor=tensor: f"{tensor}{list(index)}") for tensor in tensors
    }
    (judged,) = judge_checks(checks("model", oracle, oracle.sides, places))
    return judged


def test_of_many_the_first_that_does_not_agree_is_told():
    judged = many(wrong=True)
    assert (judged.status, judged.subject, judged.tensor) == ("diverges", "many", "second")
    assert judged.worst_index.startswith("second[")


def test_what_is_nothing_but_rounding_certifies_nothing():
    judged = many(wrong=False)
    assert judged.status == "agrees"
    assert judged.detects < 1e-4


STEPS = np.linspace(2, 1, 20)


def curves(drift_a, drift_b, difference=0.0, **drifting):
    steps = np.arange(len(STEPS))
    exact = STEPS, STEPS + difference
    sides = [
        side(name, float64 + drift * 1.3**steps, float64, tensor="losses")
        for name, float64, drift in zip("ab", exact, (drift_a, drift_b), strict=True)
    ]
    oracle = OwnFloat64(*sides)
    oracle = OwnFloat64.of_curves(*sides, {"losses": oracle.drift("losses")}, **drifting)
    (judged,) = judge_checks(checks("trajectory", oracle, oracle.sides, {"losses": Place("losses")}))
    return judged


def test_curves_may_drift_as_far_as_either_side_from_its_own_float64():
    assert curves(1e-6, -1e-6).status == "agrees"
    assert curves(1e-6, 1e-6, difference=0.01).status == "diverges"


@pytest.mark.parametrize(("spread", "status"), [(1e-5, "agrees"), (0.0, "diverges")])
def test_what_a_side_does_not_repeat_widens_its_tolerance(spread, status):
    assert curves(1e-6, 1e-6, difference=3e-5, spread=np.full(20, spread)).status == status


def test_a_spread_widens_it_by_no_more_than_the_drift_explains():
    assert curves(1e-6, 1e-6, difference=0.1, spread=np.ones(20)).status == "diverges"


def measure_of(a, b):
    return no_measure(a, b), no_measure(b, a)


def test_a_float64_that_is_not_finite_where_float32_is_measures_nothing():
    broken = VALUES.copy()
    broken[2, 1] = np.nan
    a, b = side("a", rounded(VALUES), broken), side("b", rounded(VALUES, seed=2), VALUES)
    assert measure_of(a, b) == ("x is not finite in float64, and is in float32", "")
    judged = verdict(a.without_float64(no_measure(a, b)), b)
    assert judged.status == "agrees"


def test_a_float64_from_which_both_sides_differ_alike_measures_nothing():
    a, b = side("a", rounded(VALUES), VALUES * 1.1), side("b", rounded(VALUES, seed=2), VALUES)
    first, second = measure_of(a, b)
    assert "off in float64, and both sides agree to" in first
    assert second == ""


@pytest.mark.parametrize(
    ("float32_of_a", "float64_of_a"),
    [
        (rounded(VALUES * 1.1), VALUES * 1.1),  # another function
        (rounded(VALUES, 1e-2), VALUES),  # numerically off in float32
        (np.full_like(rounded(VALUES), np.inf), VALUES),  # overflows in float32 alone
    ],
)
def test_a_float64_that_its_own_float32_follows_or_that_the_other_side_shares_is_a_measure(float32_of_a, float64_of_a):
    a, b = side("a", float32_of_a, float64_of_a), side("b", rounded(VALUES, seed=2), VALUES)
    assert measure_of(a, b) == ("", "")


def test_float64_runs_that_agree_are_measures_although_both_float32_runs_differ_alike() -> None:
    # A kink at a number that float32 rounds to its other side, on both sides.
    moved = VALUES * (1 + 1e-2 * (np.arange(3) == 1))
    a, b = (side(name, rounded(moved, seed=seed), VALUES) for seed, name in enumerate("ab"))
    assert measure_of(a, b) == ("", "")
    assert verdict(a, b).status == "agrees"
    # It excuses no float64 that one side has alone.
    assert measure_of(a, side("b", rounded(moved, seed=1), moved))[0]


def with_a_bias_that_cancels(left, error=1e-6):
    """Gradients of a kernel, and of a bias that is exactly 0 in `a` and what rounding left in `b`."""
    kernel = 10 * VALUES
    sides = []
    for number, (name, bias) in enumerate((("a", 0.0), ("b", left))):
        float64 = {"kernel": kernel, "bias": np.full(3, 1e-15)}
        float32 = {"kernel": rounded(kernel, error, number), "bias": np.full(3, bias, np.float32)}
        sides.append(Side(Arm(name=name, adapter=name, mode="eager"), float32, float64))
    oracle = OwnFloat64.pooled(*sides, ["kernel", "bias"])
    return judge_checks(checks("model", oracle, oracle.sides, {name: Place(name) for name in ("kernel", "bias")}))


def test_what_rounding_leaves_of_terms_that_cancel_is_no_fault_of_the_side_that_is_not_zero_by_luck():
    assert [verdict.status for verdict in with_a_bias_that_cancels(3e-5)] == ["agrees", "agrees"]
    assert [verdict.status for verdict in with_a_bias_that_cancels(1e-2)] == ["agrees", "diverges"]


def test_the_lowest_precision_of_the_layers() -> None:
    assert reduced_precision({}) == ""
    assert reduced_precision({"conv": "float16"}) == "float16"
    assert reduced_precision({"conv": "float16", "fc": "bfloat16"}) == "bfloat16"


def test_in_mixed_precision_both_sides_make_the_same_error() -> None:
    exact = np.linspace(0.1, 1, 9)
    off = (exact * (1 + 2e-3)).astype(np.float32)
    a, b = side("a", off, exact), side("b", off)
    assert no_measure(a, b)
    assert not no_measure(*(replace(each, reduced="float16") for each in (a, b)))
    infinite = replace(side("a", off, np.where(exact == 1, np.inf, exact)), reduced="float16")
    assert no_measure(infinite, b)


def test_sides_in_different_precisions_are_told() -> None:
    mixed = replace(side("a", rounded(VALUES, 1e-3), VALUES), reduced="float16")
    judged = verdict(mixed, side("b", rounded(VALUES), VALUES))
    assert judged.status == "diverges"
    assert judged.cause.endswith("they compute in different precisions: a in float16, b in float32")
