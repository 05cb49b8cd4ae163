"""Certificates: what a check says it notices is what it notices; and the first divergence of several."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.judging.checks import Check, first_diverging, judge_checks
from harness.judging.first_divergence import first_of, first_step
from harness.judging.judge import Claim
from harness.judging.tolerances import Excuse, Tolerance
from harness.records.verdict import Verdict

REFERENCE = np.array([0.25, -4.0, 1.0])


def claim(arm: str, values: Any = REFERENCE, bound: Any = 0.01, **fields: Any) -> Claim:
    return Claim(arm, np.asarray(values, np.float64), Tolerance(np.asarray(bound), "stated"), **fields)


def check(subject: str = "it", tensor: str = "t", **claims: Claim) -> Check:
    given = claims or {"a": claim("a"), "b": claim("b")}
    return Check("rung", subject, REFERENCE, given, lambda index: f"{tensor}{list(index)}", tensor=tensor)


@pytest.mark.parametrize("bound", [1e-12, 1e-6, 0.01, 3.0])
@pytest.mark.parametrize("two", [True, False])
def test_the_certificate_is_noticed_and_a_quarter_of_it_is_not(bound: float, two: bool) -> None:
    made = check(a=claim("a", bound=bound), **({"b": claim("b", bound=bound)} if two else {}))
    detects = made.detects("a", "b" if two else None)
    for factor, noticed in ((1.0, True), (0.25, False)):
        values = REFERENCE.copy()
        values[1] += 4 * detects * factor  # the largest element
        (verdict,) = judge_checks([replace(made, claims={**made.claims, "a": claim("a", values, bound)})])
        assert (verdict.status == "diverges") is noticed


def test_the_certificate_of_several_tensors_is_that_of_the_bluntest() -> None:
    sharp, blunt = check(tensor="s"), check(tensor="b", a=claim("a", bound=1.0), b=claim("b", bound=1.0))
    (verdict,) = judge_checks([sharp, blunt])
    assert verdict.detects == blunt.detects("a", "b") > sharp.detects("a", "b") > 0


def test_a_check_that_notices_nothing_says_so() -> None:
    assert check(a=claim("a", bound=np.inf)).detects("a", None) == np.inf


def test_what_the_ledger_excuses_does_not_count_as_unnoticed() -> None:
    excused = claim("a", excuse=lambda: Excuse(np.full(3, 100.0), "ledger"))
    assert check(a=excused).detects("a", None) == check(a=claim("a")).detects("a", None)


def test_there_is_no_certificate_where_there_is_no_agreement() -> None:
    off = check(a=claim("a", [0.25, -4.0, 2.0]))
    (verdict,) = judge_checks([off])
    assert (verdict.status, verdict.detects, off.detects("a", None)) == ("diverges", None, 0.0)


@pytest.mark.parametrize(
    ("wrong", "judgement", "culprit"),
    [
        ((), "both right", ""),
        (("a",), "one wrong", "a"),
        (("b",), "one wrong", "b"),
        (("a", "b"), "both wrong", "a, b"),
    ],
)
def test_who_is_wrong(wrong: tuple[str, ...], judgement: str, culprit: str) -> None:
    claims = {arm: claim(arm, REFERENCE + (0.5 if arm in wrong else 0.001)) for arm in ("a", "b")}
    (verdict,) = judge_checks([check(**claims)])
    assert (verdict.judgement, verdict.culprit) == (judgement, culprit)
    assert verdict.ulp_a is not None
    assert verdict.ulp_b is not None
    assert (verdict.ulp_a > verdict.ulp_b) == (wrong == ("a",))


def test_an_arm_that_answers_another_shape_is_the_culprit() -> None:
    (verdict,) = judge_checks([check(a=claim("a"), b=claim("b", [1.0, 2.0]))])
    assert (verdict.status, verdict.culprit, verdict.worst_index) == ("diverges", "b", "t")


def test_one_verdict_for_each_subject_and_every_two_arms() -> None:
    three = {arm: claim(arm) for arm in "abc"}
    verdicts = judge_checks([check("one", **three), check("other", **three)])
    assert [(v.subject, v.arm_a, v.arm_b) for v in verdicts] == [
        (subject, *pair) for subject in ("one", "other") for pair in ("ab", "ac", "bc")
    ]


def test_the_first_step_is_the_earliest_of_all_curves_and_arms() -> None:
    late = check(tensor="late", a=claim("a", [0.25, -4.0, 2.0]), b=claim("b"))
    early = check(tensor="early", a=claim("a"), b=claim("b", [0.25, -3.0, 1.0]))
    found = first_step([late, early], ["a", "b"])
    assert found is not None
    assert (found[0], found[1].tensor) == (1, "early")
    assert first_step([check()], ["a", "b"]) is None
    assert first_diverging([check(), late, early], ["a", "b"]).tensor == "late"  # type: ignore[union-attr]


def test_the_first_divergence_of_a_rung_is_the_earliest_and_of_a_pair_sooner() -> None:
    def verdict(subject: str, status: Any, step: int | None = None, judgement: Any = "") -> Verdict:
        return Verdict(rung="r", subject=subject, arm_a="a", status=status, step=step, judgement=judgement)

    later = verdict("later", "diverges", 6)
    earlier = verdict("earlier", "diverges", 5)
    alone, pair = verdict("alone", "diverges"), verdict("pair", "diverges", None, "one wrong")
    assert first_of([verdict("fine", "agrees", 0), later, earlier]) == earlier
    assert first_of([alone, pair]) == pair
    assert first_of([verdict("known", "known")]) is None
