"""Rung `initializer`: a sample of each, from the plan and from each framework, against the definition's distribution.

Streams never match, so that the check is of statistics: bounds, mean, variance, and the largest distance between the
sample's distribution function and the definition's (Kolmogorov-Smirnov). What is not random is compared as it is.

A bound is such that right samples fail with probability `FALSE_ALARM` over `TESTS` tests together (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import linalg, stats

from harness.judging.context import Answers, Context
from harness.judging.tolerances import FACTOR, FLOOR_ULP
from harness.plan.initializer_laws import DRAWS, LAWS, TRUNCATED_AT, Law
from harness.records.verdict import Verdict
from harness.rungs.case_rung import subjects
from harness.rungs.rung import Question, Rung
from harness.rungs.tasks import TASKS
from harness.spec import initializers as init

NAME = "initializer"
SHAPE = (250, 200)
SEED = 7
PLAN = "plan"
FALSE_ALARM = 1e-6
TESTS = 1000  # three for each of 20 words in a dozen arms and the plan
LEVEL = FALSE_ALARM / TESTS

Measure = tuple[str, float, float, float]  # what, the value, what it should be, how far off it may be


def ask(context: Context) -> dict[str, Any]:
    asked = _subjects(context) if _of_frameworks(context) else []
    return {"words": [word.model_dump(mode="json") for word in asked], "shape": SHAPE, "seed": SEED}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    """The plan's draws against the definition and, where the vocabulary is checked, every framework's own."""
    verdicts = []
    for number, word in enumerate(_subjects(context)):
        drawn = DRAWS[type(word)](word, SHAPE, np.random.default_rng(SEED))
        verdicts.append(judge_sample(word, drawn, PLAN, np.float64))
        for name, answer in answers.items() if _of_frameworks(context) else ():
            refused = answer.result["refused"].get(str(number))
            if refused is None:
                verdicts.append(judge_sample(word, answer.tensor(str(number)), name, answer.precision))
            else:
                head = {"rung": NAME, "subject": word.name_in_tables, "arm_a": name}
                verdicts.append(Verdict(**head, status="unsupported", cause=refused))
    return verdicts


def judge_sample(word: init.Initializer, sample: Any, arm: str, precision: Any) -> Verdict:
    """The measure that is furthest off, against its bound; with a certificate where it is within."""
    verdict = _judged(word, sample, arm, precision)
    if verdict.status != "agrees":
        return verdict
    return verdict.model_copy(update={"detects": detects(word, np.asarray(sample, np.float64), precision)})


def detects(word: init.Initializer, sample: Any, precision: Any) -> float:
    """The smallest relative error of the scale that is noticed in this sample, within a factor 2.

    What is not random is compared as it is: there a unit in the last place of any one number is noticed.
    """
    eps = float(np.finfo(precision).eps)
    if type(word) not in LAWS and not isinstance(word, init.Orthogonal):
        return eps
    center = LAWS[type(word)](word, SHAPE).center if type(word) in LAWS else 0.0

    def noticed(exponent: int) -> bool:
        scaled = center + (sample - center) * (1 + 2.0**exponent)
        return _judged(word, scaled, "", precision).status == "diverges"

    low, high = int(np.log2(eps)), 1
    if not noticed(high):
        return np.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if noticed(middle) else (middle, high)
    return float(2.0**high)


def _judged(word: init.Initializer, sample: Any, arm: str, precision: Any) -> Verdict:
    head = {"rung": NAME, "subject": word.name_in_tables, "arm_a": arm, "arm_b": "reference"}
    if np.shape(sample) != SHAPE:
        wrong = f"{arm} has shape {np.shape(sample)}, asked for {SHAPE}"
        return Verdict(**head, status="diverges", culprit=arm, cause=wrong)
    measures = list(_measures(word, np.asarray(sample, np.float64), precision))
    what, value, wanted, bound = max(measures, key=_excess)
    excess = _excess((what, value, wanted, bound))
    return Verdict(
        **head,
        status="agrees" if excess <= 1 else "diverges",
        culprit="" if excess <= 1 else arm,
        worst_index=what,
        value_a=value,
        value_reference=wanted,
        error_over_tolerance=excess,
        tolerance=bound,
        tolerance_source=_source(word),
        cause="" if excess <= 1 else f"{arm}: {what} is {value:.4g}, not {wanted:.4g}",
    )


def frozen(law: Law) -> Any:
    """The law as a distribution of SciPy."""
    if law.form == "normal":
        return stats.norm(law.center, law.spread)
    if law.form == "uniform":
        return stats.uniform(law.center - law.spread, 2 * law.spread)
    return stats.truncnorm(-TRUNCATED_AT, TRUNCATED_AT, law.center, law.spread)


def _of_frameworks(context: Context) -> bool:
    """The weights of a training come from the plan: a framework's own initializers matter to the vocabulary only."""
    return NAME in context.stated.vocabulary


def _subjects(context: Context) -> list[Any]:
    return [word for word in subjects(context, "initializer") if _fits(word)]


def _fits(word: init.Initializer) -> bool:
    try:
        word.check(SHAPE)
    except ValueError:
        return False
    return True


def _measures(word: init.Initializer, sample: Any, precision: Any) -> Iterator[Measure]:
    eps = float(np.finfo(precision).eps)
    if isinstance(word, init.Orthogonal):
        yield "the columns' products", _off_orthogonal(sample, word.gain), 0.0, _own_off(precision, word.gain)
    elif type(word) in LAWS:
        yield from _statistics(frozen(LAWS[type(word)](word, SHAPE)), sample.ravel(), eps)
    else:
        exact = DRAWS[type(word)](word, SHAPE, np.random.default_rng(0)).astype(precision)
        yield "the largest difference", float(np.max(np.abs(sample - exact.astype(np.float64)))), 0.0, 0.0


def _statistics(law: Any, sample: Any, eps: float) -> Iterator[Measure]:
    mean, variance, excess = (float(each) for each in law.stats("mvk"))
    low, high = law.support()
    errors = float(stats.norm.isf(LEVEL / 2))  # so many standard errors
    yield "the mean", float(sample.mean()), mean, errors * float(np.sqrt(variance / sample.size))
    deviation = variance * float(np.sqrt((excess + 2) / sample.size))
    yield "the variance", float(np.mean((sample - mean) ** 2)), variance, errors * deviation
    distance = float(stats.kstest(sample, law.cdf).statistic)
    yield "the distance of the distributions", distance, 0.0, float(stats.kstwo.isf(LEVEL, sample.size))
    if np.isfinite(high):  # drawn in this precision, an end may be rounded outwards
        rounding = FLOOR_ULP * eps * float(np.max(np.abs([low, high])))
        yield "the smallest", min(float(sample.min()), low), low, rounding
        yield "the largest", max(float(sample.max()), high), high, rounding


def _off_orthogonal(sample: Any, gain: float) -> float:
    products = sample.T @ sample / gain**2
    return float(np.max(np.abs(products - np.eye(len(products)))))


def _own_off(precision: Any, gain: float) -> float:
    """From what LAPACK's decomposition is off by in float32, in which NumPy's is not computed."""
    q, _ = linalg.qr(np.random.default_rng(0).normal(size=SHAPE).astype(np.float32), mode="economic")
    own = _off_orthogonal(q.astype(np.float64) * gain, gain)
    limits, single = np.finfo(precision), np.finfo(np.float32)
    return FACTOR * own * float(limits.eps) / float(single.eps) + FLOOR_ULP * float(limits.eps)


def _excess(measure: Measure) -> float:
    _, value, wanted, bound = measure
    off = abs(value - wanted)
    if not np.isfinite(off):
        return float("inf")
    return off / bound if bound else (0.0 if off == 0 else float("inf"))


def _source(word: init.Initializer) -> str:
    if type(word) in LAWS:
        return f"one false alarm in {1 / FALSE_ALARM:g} over {TESTS} tests of {SHAPE[0] * SHAPE[1]} numbers"
    return f"{FACTOR:g} x LAPACK's own error" if isinstance(word, init.Orthogonal) else "exact"


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME]))
