"""Known-wrong numbers, and what must be said of each. A guard fails where the comparison says less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from bench import Bench

from harness.judging.checks import Check, judge_checks
from harness.judging.judge import Claim, judge
from harness.judging.tolerances import Excuse, Tolerance, own_error
from harness.records.verdict import Verdict
from harness.rungs import free_run

BOUND = 1e-3

REFERENCE_VALUES = np.linspace(0, 1000, 1001)

Guard = Callable[[Bench], None]


def claim(arm: str, off: Any = 0.0, bound: Any = BOUND, **more: Any) -> Claim:
    return Claim(arm, REFERENCE_VALUES + off, Tolerance(np.asarray(bound), "stated"), **more)


def at(index: int, error: float) -> Any:
    return np.where(np.arange(len(REFERENCE_VALUES)) == index, error, 0.0)


def judged(a: Claim, b: Claim | None = None, reference: Any = REFERENCE_VALUES) -> Verdict:
    return judge("any", "any", reference, a, b, lambda index: str(index[0]))


def one_element_off(bench: Bench) -> None:
    """By four times its tolerance, wherever it is and however large, on either side."""
    for index in (0, 417, 1000):
        for wrong, right in (("a", "b"), ("b", "a")):
            claims = {wrong: claim(wrong, at(index, 4 * BOUND)), right: claim(right, 0.5 * BOUND)}
            verdict = judged(claims["a"], claims["b"])
            said = verdict.status, verdict.culprit, verdict.judgement, verdict.nearer, verdict.worst_index
            assert said == ("diverges", wrong, "one wrong", right, str(index))
        assert judged(claim("a", at(index, 0.5 * BOUND)), claim("b")).status == "agrees"


def both_off_alike(bench: Bench) -> None:
    verdict = judged(claim("a", at(3, 1.0)), claim("b", at(3, 1.0)))
    assert (verdict.status, verdict.judgement, verdict.culprit) == ("diverges", "both wrong", "a, b")


def no_number(bench: Bench) -> None:
    for wrong in (np.nan, np.inf, -np.inf):
        assert judged(claim("a", at(0, wrong)), claim("b")).status == "diverges"
    assert judged(claim("a", at(7, BOUND), bound=np.nan), claim("b")).status == "diverges"


def another_shape(bench: Bench) -> None:
    short = replace(claim("a"), values=REFERENCE_VALUES[:500])
    assert judged(short).status == "diverges"
    assert judged(short, claim("b")).culprit == "a"
    assert judged(replace(claim("a"), values=np.empty(0)), claim("b")).status == "diverges"


def excused_within_its_bound_only(bench: Bench) -> None:
    excuse = Excuse(10 * BOUND, "ledger")
    known, beyond = (claim("a", at(5, size * BOUND), excuse=lambda: excuse) for size in (5, 20))
    assert judged(known, claim("b")).status == "known"
    assert judged(beyond, claim("b")).status == "diverges"
    assert judged(known, claim("b", at(5, 1.0))).status == "diverges"


def check(off: Any, bound: float = BOUND) -> Check:
    claims = {"a": claim("a", off, bound), "b": claim("b", 0.0, bound)}
    return Check("any", "any", REFERENCE_VALUES, claims, lambda index: str(index[0]))


def one_tensor_of_three_off(bench: Bench) -> None:
    """By a number, or by its shape, which is off by no number."""
    off, right = check(at(3, 1.0)), check(at(3, 0.5 * BOUND))
    short = replace(off, claims={**off.claims, "a": replace(off.claims["a"], values=REFERENCE_VALUES[:2])})
    for wrong in (off, short):
        for checks in ([wrong, right, right], [right, wrong, right], [right, right, wrong]):
            (verdict,) = judge_checks(checks)
            assert (verdict.status, verdict.culprit) == ("diverges", "a")


def certificate(bench: Bench) -> None:
    """Of a check whose tolerance is known, within a factor 2; and what is injected beyond it diverges."""
    wanted = BOUND / REFERENCE_VALUES.max()
    (verdict,) = judge_checks([check(0.0), check(0.0, BOUND / 64)])
    assert verdict.detects is not None
    assert wanted <= verdict.detects <= 2 * wanted
    largest = REFERENCE_VALUES.max() * verdict.detects
    assert judged(claim("a", at(1000, 1.001 * largest)), claim("b")).status == "diverges"


def finer_in_float64(bench: Bench) -> None:
    reference = np.linspace(1, 2, 100)
    tolerance = own_error(reference, reference.astype(np.float32), np.float64)
    verdict = judged(Claim("a", reference + 1e-9, tolerance, np.float64), None, reference)
    assert verdict.status == "diverges"


def strict_in_float64(bench: Bench) -> None:
    losses = np.linspace(2, 1, 50)
    assert free_run.judge_strictly("a", "b", losses, losses * (1 + 0.5e-10)).status == "agrees"
    assert free_run.judge_strictly("a", "b", losses, losses * (1 + 2e-10)).status == "diverges"


GUARDS: tuple[Guard, ...] = (
    one_element_off,
    both_off_alike,
    no_number,
    another_shape,
    excused_within_its_bound_only,
    one_tensor_of_three_off,
    certificate,
    finer_in_float64,
    strict_in_float64,
)
