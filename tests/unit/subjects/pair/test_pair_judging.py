"""Who is wrong where there is no oracle: told by what each side makes of itself in float64, or said not to be told."""

import numpy as np
from harness.subjects.pair.judging import Place, at_once, judged, reading

from harness.spec.arm import Arm

VALUES = np.random.default_rng(0).normal(size=(5, 3))


def side(name, float32, float64=None, precision="float32", refused=""):
    arm = Arm(name=name, adapter=name, mode="eager", precision=precision)
    arrays = {f"{precision}/x": float32}
    arrays |= {} if float64 is None else {"float64/x": float64}
    return reading(arm, arrays, refused)


def verdict(a, b):
    return judged("model", a, b, {"x": Place("x", "evaluation")}).verdicts["x"]


def rounded(values, by=1e-7, seed=1):
    return (values * (1 + by * np.random.default_rng(seed).uniform(-1, 1, values.shape))).astype(np.float32)


def test_rounding_on_both_sides_agrees_and_is_certified():
    found = verdict(side("a", rounded(VALUES), VALUES), side("b", rounded(VALUES, seed=2), VALUES))
    assert (found.status, found.judgement) == ("agrees", "both right")
    assert found.detects is not None
    assert found.detects < 1e-4


def test_one_that_is_far_from_its_own_float64_is_at_fault():
    found = verdict(side("a", rounded(VALUES, 1e-3), VALUES), side("b", rounded(VALUES), VALUES))
    assert (found.status, found.judgement, found.culprit) == ("diverges", "one wrong", "a")
    assert "equal in float64: a is numerically off" in found.cause


def test_two_functions_cannot_be_told_apart_by_arithmetic():
    other = VALUES * 1.01
    found = verdict(side("a", rounded(other), other), side("b", rounded(VALUES), VALUES))
    assert (found.status, found.judgement, found.culprit, found.nearer) == ("diverges", "undetermined", "", "")
    assert "in float64: two different functions" in found.cause


def test_without_float64_on_one_side_the_other_is_the_measure_and_no_judge():
    found = verdict(side("a", rounded(VALUES, 1e-3), refused="Conv2D refuses it"), side("b", rounded(VALUES), VALUES))
    assert (found.status, found.judgement) == ("diverges", "undetermined")
    assert "a does not run in float64 (Conv2D refuses it)" in found.cause
    assert (
        verdict(side("a", rounded(VALUES), refused="no"), side("b", rounded(VALUES, seed=2), VALUES)).status == "agrees"
    )


def test_without_float64_on_either_side_nothing_agrees():
    found = verdict(side("a", rounded(VALUES), refused="no"), side("b", rounded(VALUES), refused="nor here"))
    assert found.status == "unverified"


def test_float64_arms_are_held_to_the_strict_bound():
    exact = side("b", VALUES, precision="float64")
    assert verdict(side("a", VALUES * (1 + 1e-13), precision="float64"), exact).status == "agrees"
    assert verdict(side("a", VALUES * (1 + 1e-8), precision="float64"), exact).status == "diverges"


def test_another_shape_diverges_and_nothing_is_cut():
    found = verdict(side("a", rounded(VALUES[:4]), VALUES[:4]), side("b", rounded(VALUES), VALUES))
    assert found.status == "diverges"
    assert "a has (4, 3), b has (5, 3)" in found.cause


def test_a_nan_on_one_side_diverges():
    spoilt = rounded(VALUES)
    spoilt[1, 1] = np.nan
    assert verdict(side("a", spoilt, VALUES), side("b", rounded(VALUES), VALUES)).status == "diverges"


def test_of_many_the_first_that_does_not_agree_is_told():
    fine = verdict(side("a", rounded(VALUES), VALUES), side("b", rounded(VALUES, seed=2), VALUES))
    wrong = verdict(side("a", rounded(VALUES, 1e-3), VALUES), side("b", rounded(VALUES), VALUES))
    assert at_once([fine, wrong, fine], "many") is wrong
    assert at_once([fine, fine], "many").subject == "many"
