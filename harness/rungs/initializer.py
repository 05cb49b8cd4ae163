"""Rung `initializer`: samples from the plan and from each framework, against the distribution of the definition.

The random streams of frameworks never match, so statistics are compared: bounds, mean, variance, and the largest
distance between the distribution functions of sample and definition (Kolmogorov-Smirnov). Initializers that are not
random are compared element by element.

The bounds are such that right samples fail with probability `FALSE_ALARM` over `TESTS` tests together (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import scipy  # its parts are imported where they are first used: scipy.stats takes a second

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

Measure = tuple[str, float, float, float]  # name, value, expected value, bound on their distance


def ask(context: Context) -> dict[str, Any]:
    """The words that frameworks sample (none unless the vocabulary is checked), the shape and the seed."""
    words = _subjects(context) if _asks_frameworks(context) else []
    return {"words": [word.model_dump(mode="json") for word in words], "shape": SHAPE, "seed": SEED}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    """The verdicts on the plan's samples and, if the vocabulary is checked, on those of every framework."""
    verdicts = []
    for number, word in enumerate(_subjects(context)):
        plan_sample = DRAWS[type(word)](word, SHAPE, np.random.default_rng(SEED))
        verdicts.append(judge_sample(word, plan_sample, PLAN, np.float64))
        for name, answer in answers.items() if _asks_frameworks(context) else ():
            reason = answer.result["refused"].get(str(number))
            if reason is None:
                verdicts.append(judge_sample(word, answer.tensor(str(number)), name, answer.precision))
            else:
                head = {"rung": NAME, "subject": word.name_in_tables, "arm_a": name}
                verdicts.append(Verdict(**head, status="unsupported", cause=reason))
    return verdicts


def judge_sample(word: init.Initializer, sample: Any, arm: str, precision: Any) -> Verdict:
    """The verdict on the measure that is largest relative to its bound, with a certificate if it agrees.

    `sample`: `SHAPE`, from an arm or the plan.
    """
    verdict = _uncertified_verdict(word, sample, arm, precision)
    if verdict.status != "agrees":
        return verdict
    return verdict.model_copy(update={"detects": detects(word, np.asarray(sample, np.float64), precision)})


def detects(word: init.Initializer, sample: Any, precision: Any) -> float:
    """The smallest relative error of the scale that is noticed in this sample, within a factor of 2.

    For an initializer that is not random it is the epsilon, because every difference is noticed.
    """
    eps = float(np.finfo(precision).eps)
    if type(word) not in LAWS and not isinstance(word, init.Orthogonal):
        return eps
    center = LAWS[type(word)](word, SHAPE).center if type(word) in LAWS else 0.0

    def is_noticed(exponent: int) -> bool:
        scaled = center + (sample - center) * (1 + 2.0**exponent)
        return _uncertified_verdict(word, scaled, "", precision).status == "diverges"

    low, high = int(np.log2(eps)), 1
    if not is_noticed(high):
        return np.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_noticed(middle) else (middle, high)
    return float(2.0**high)


def _uncertified_verdict(word: init.Initializer, sample: Any, arm: str, precision: Any) -> Verdict:
    head = {"rung": NAME, "subject": word.name_in_tables, "arm_a": arm, "arm_b": "reference"}
    if np.shape(sample) != SHAPE:
        cause = f"{arm} has shape {np.shape(sample)}, asked for {SHAPE}"
        return Verdict(**head, status="diverges", culprit=arm, cause=cause)
    measures = list(_measures(word, np.asarray(sample, np.float64), precision))
    name, value, expected, bound = max(measures, key=_excess)
    excess = _excess((name, value, expected, bound))
    return Verdict(
        **head,
        status="agrees" if excess <= 1 else "diverges",
        culprit="" if excess <= 1 else arm,
        worst_index=name,
        value_a=value,
        value_reference=expected,
        error_over_tolerance=excess,
        tolerance=bound,
        tolerance_source=_source(word),
        cause="" if excess <= 1 else f"{arm}: {name} is {value:.4g}, not {expected:.4g}",
    )


def frozen(law: Law) -> Any:
    """The law as a distribution of SciPy."""
    if law.form == "normal":
        return scipy.stats.norm(law.center, law.spread)
    if law.form == "uniform":
        return scipy.stats.uniform(law.center - law.spread, 2 * law.spread)
    return scipy.stats.truncnorm(-TRUNCATED_AT, TRUNCATED_AT, law.center, law.spread)


def _asks_frameworks(context: Context) -> bool:
    """Whether frameworks draw samples too: a training has the plan's weights, so only the vocabulary needs them."""
    return NAME in context.stated.vocabulary


def _subjects(context: Context) -> list[Any]:
    """The initializers that can draw a sample of `SHAPE`."""
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
        error, bound = _orthogonality_error(sample, word.gain), _orthogonality_bound(precision, word.gain)
        yield "the columns' products", error, 0.0, bound
    elif type(word) in LAWS:
        yield from _statistics(frozen(LAWS[type(word)](word, SHAPE)), sample.ravel(), eps)
    else:
        exact = DRAWS[type(word)](word, SHAPE, np.random.default_rng(0)).astype(precision)
        yield "the largest difference", float(np.max(np.abs(sample - exact.astype(np.float64)))), 0.0, 0.0


def _statistics(law: Any, sample: Any, eps: float) -> Iterator[Measure]:
    """The measures of a random sample. `law`: a frozen distribution of SciPy."""
    mean, variance, excess_kurtosis = (float(moment) for moment in law.stats("mvk"))
    low, high = law.support()
    quantile = float(scipy.stats.norm.isf(LEVEL / 2))  # the bounds, in standard errors
    yield "the mean", float(sample.mean()), mean, quantile * float(np.sqrt(variance / sample.size))
    deviation = variance * float(np.sqrt((excess_kurtosis + 2) / sample.size))
    yield "the variance", float(np.mean((sample - mean) ** 2)), variance, quantile * deviation
    # The probability is not used: "asymp" saves its computation, and the statistic is the same.
    distance = float(scipy.stats.kstest(sample, law.cdf, method="asymp").statistic)
    yield "the distance of the distributions", distance, 0.0, _largest_distance(sample.size)
    if np.isfinite(high):  # rounding to the precision may move a number past an end
        rounding = FLOOR_ULP * eps * float(np.max(np.abs([low, high])))
        yield "the smallest", min(float(sample.min()), low), low, rounding
        yield "the largest", max(float(sample.max()), high), high, rounding


@lru_cache
def _largest_distance(size: int) -> float:
    """The bound for a distance of distributions; cached, since SciPy looks for it in 20 steps."""
    return float(scipy.stats.kstwo.isf(LEVEL, size))


def _orthogonality_error(sample: Any, gain: float) -> float:
    """The largest element of |sample^T sample / gain^2 - 1|."""
    products = sample.T @ sample / gain**2
    return float(np.max(np.abs(products - np.eye(len(products)))))


@lru_cache
def _orthogonality_bound(precision: Any, gain: float) -> float:
    """The bound from the error of LAPACK's float32 decomposition; SciPy has it, NumPy decomposes in float64."""
    q, _ = scipy.linalg.qr(np.random.default_rng(0).normal(size=SHAPE).astype(np.float32), mode="economic")
    error = _orthogonality_error(q.astype(np.float64) * gain, gain)
    limits, single = np.finfo(precision), np.finfo(np.float32)
    return FACTOR * error * float(limits.eps) / float(single.eps) + FLOOR_ULP * float(limits.eps)


def _excess(measure: Measure) -> float:
    """The distance of the value from the expected one over the bound; infinity for a distance that is not finite."""
    _, value, expected, bound = measure
    distance = abs(value - expected)
    if not np.isfinite(distance):
        return float("inf")
    return distance / bound if bound else (0.0 if distance == 0 else float("inf"))


def _source(word: init.Initializer) -> str:
    if type(word) in LAWS:
        return f"one false alarm in {1 / FALSE_ALARM:g} over {TESTS} tests of {SHAPE[0] * SHAPE[1]} numbers"
    return f"{FACTOR:g} x LAPACK's own error" if isinstance(word, init.Orthogonal) else "exact"


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME]))
