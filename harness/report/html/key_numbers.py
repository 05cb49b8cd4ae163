"""The numbers at the top of a page: accuracies and their difference, speed, the worst share of a tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import isfinite

import pandas as pd

from harness.judging.flips import counts
from harness.judging.paired_proportions import paired_difference
from harness.records.outcome import first_divergence
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.report.html.document import KeyNumber
from harness.report.run_record import RunRecord

DIFFERENCE = "difference of the accuracies, in points"
PLURAL = {"agrees": "agree", "diverges": "diverge"}
ONE_RUN_EACH = "the ratio of the median times of a step, of one run each, without an interval"


def key_numbers(run: RunRecord) -> tuple[KeyNumber, ...]:
    """The numbers of a run that matter."""
    return (*accuracies(run.traces), *_differences(run), *_speed(run.traces), *of_verdicts(run.verdicts))


def accuracies(traces: Sequence[Trace]) -> list[KeyNumber]:
    """The test accuracy of each arm; of a model that predicts values, its test loss."""
    numbers = []
    for trace in traces:
        if not trace.epochs:
            continue
        last = trace.epochs[-1]
        if last.test_accuracy is None:
            numbers.append(KeyNumber("test loss", f"{last.test_loss:.6f}", trace.arm.name))
        else:
            note = f"of {last.samples_scored:,} test images"
            numbers.append(KeyNumber("test accuracy", f"{last.test_accuracy:.2%}", trace.arm.name, note))
    return numbers


def _differences(run: RunRecord) -> list[KeyNumber]:
    """The difference of the accuracies of every two arms, with its interval over the test images."""
    scored = {t.arm.name: t.epochs[-1] for t in run.traces if t.epochs and t.epochs[-1].test_accuracy is not None}
    flips = run.flips
    if flips is None:
        return []
    numbers = []
    for a, b in combinations(scored, 2):
        images = scored[a].samples_scored
        of_pair = flips[(flips["arm_a"] == a) & (flips["arm_b"] == b)]
        separating = counts(of_pair)
        found = paired_difference(separating["only_a"], separating["only_b"], images)
        note = (
            f"{found.level:.0%} interval {points(found.low)} to {points(found.high)}, over the test images of one seed"
        )
        numbers.append(KeyNumber(DIFFERENCE, points(found.difference), f"{a} − {b}", note))
    return numbers


def points(share: float) -> str:
    """A difference of two accuracies in percentage points."""
    return f"{100 * share:+.2f}" if round(100 * share, 2) else "0.00"


def _speed(traces: Sequence[Trace]) -> list[KeyNumber]:
    timed = [(trace.arm.name, trace.step_time_s) for trace in traces if trace.step_time_s]
    if len(timed) < 2:
        return []
    base, base_s = timed[0]
    return [
        KeyNumber("time of a step, ratio", f"{step_s / base_s:.2f}", f"{name} / {base}", ONE_RUN_EACH)
        for name, step_s in timed[1:]
        if step_s is not None and base_s is not None
    ]


def of_verdicts(verdicts: Sequence[Verdict]) -> list[KeyNumber]:
    """The worst share of a tolerance, the first divergence and the count of checks; nothing without verdicts."""
    if not verdicts:
        return []
    numbers = []
    # What the ledger excuses has a bound of its own.
    shares = [v for v in verdicts if v.status != "known" and not pd.isna(v.error_over_tolerance)]
    if shares:
        worst = max(shares, key=lambda v: v.error_over_tolerance or 0.0)
        share = worst.error_over_tolerance or 0.0
        numbers.append(
            KeyNumber("worst share of a tolerance", share_in_words(share), note=f"{worst.rung}: {worst.subject}")
        )
    first = first_divergence(verdicts)
    if first is None:
        numbers.append(KeyNumber("first divergence", "none", note=checks_in_words(verdicts)))
    else:
        place = ", ".join(filter(None, ("" if first.step is None else f"step {first.step}", first.worst_index)))
        numbers.append(
            KeyNumber(
                "first divergence", first.rung, note=": ".join(filter(None, (first.subject, place))), is_name=True
            )
        )
    return numbers


def share_in_words(share: float) -> str:
    """A share of a tolerance: as a percentage, or as a factor where it is large."""
    return f"{share:.1%}" if share < 100 else f"{share:.3g} times" if isfinite(share) else "not finite"


def checks_in_words(verdicts: Sequence[Verdict]) -> str:
    """How many checks there are, by status."""
    by_status = pd.Series([verdict.status for verdict in verdicts]).value_counts()
    return ", ".join(f"{count:,} {PLURAL.get(str(status), status)}" for status, count in by_status.items())
