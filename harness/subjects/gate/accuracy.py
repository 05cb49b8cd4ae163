"""Accuracy: whether an arm's final test accuracy is lower than that of its base, over the seeds that both have.

With several seeds, by the first of the two one-sided tests of `harness.judging.statistics`: the differences are paired
by seed, and an arm is **not lower** if the test rejects a mean at or below `-margin`, and **lower** if the whole
interval is below it. Otherwise the seeds do not decide.

One seed has no spread. There an arm is not lower if it is exactly as accurate, and lower if it lost more than the
margin and 2.58 standard errors of two independent counts over N test samples, sqrt((p (1 - p) + q (1 - q)) / N), which
is more than chance at 0.01 leaves. What chance may do to a training beyond that, one seed cannot tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import scipy  # its parts are imported where they are first used: scipy.stats takes a second

from harness.judging.statistics import ALPHA, paired_equivalence
from harness.records.gate import GateRow, GateStatus
from harness.subjects.gate.comparable import other_settings
from harness.subjects.gate.side import BySeed, Side

ALPHA_OF_ONE_SEED = 0.01


def accuracy_rows(head: Side, base: Side) -> Iterator[GateRow]:
    """A row for each arm of the base, and of the head, that has an accuracy."""
    for subject in dict.fromkeys([*base.accuracies, *head.accuracies]):
        ours, theirs = head.accuracies.get(subject, {}), base.accuracies.get(subject, {})
        if not ours or not theirs:
            cause = f"the {'base' if ours else 'head'} has no accuracy of it"
            yield GateRow(check="accuracy", subject=subject, status="unverified", cause=cause)
        elif head.arm(subject) is not None and (why := other_settings(head, base, subject)):
            yield GateRow(check="accuracy", subject=subject, status="unverified", cause=why)
        else:
            yield _row(
                subject, ours, theirs, head.experiment.comparison.accuracy_margin, min(head.samples, base.samples)
            )


def _row(subject: str, ours: BySeed, theirs: BySeed, margin: float, samples: int) -> GateRow:
    seeds = [seed for seed in ours if seed in theirs]
    if len(seeds) < 2:
        return _one_seed(subject, ours[seeds[0]], theirs[seeds[0]], margin, samples)
    differences = [ours[seed] - theirs[seed] for seed in seeds]
    found = paired_equivalence(differences, margin, resolution=1 / samples if samples else 0.0)
    status: GateStatus = "undecided"
    if not any(differences) or found.p_above <= ALPHA:
        status = "not lower"
    elif found.high < -margin:
        status = "lower"
    advice = f"; about {found.pairs_advised} seeds would decide" if found.pairs_advised else ""
    cause = (
        f"{100 * found.mean:+.2f} points over {len(seeds)} seeds ({100 * found.low:+.2f} to {100 * found.high:+.2f}), "
        f"margin {100 * margin:g}{advice if status == 'undecided' else ''}"
    )
    return GateRow(
        check="accuracy",
        subject=subject,
        status=status,
        cause=cause,
        difference=found.mean,
        low=found.low if math.isfinite(found.low) else None,
        high=found.high if math.isfinite(found.high) else None,
    )


def _one_seed(subject: str, ours: float, theirs: float, margin: float, samples: int) -> GateRow:
    difference = ours - theirs
    error = math.sqrt((ours * (1 - ours) + theirs * (1 - theirs)) / samples) if samples else math.inf
    chance = float(scipy.stats.norm.isf(ALPHA_OF_ONE_SEED / 2)) * error
    cause = f"{100 * difference:+.2f} points at one seed, {theirs:.2%} to {ours:.2%}"
    if difference == 0:
        status, cause = "not lower", f"{ours:.2%} on both sides, at one seed"
    elif difference < -margin - chance:
        status, cause = "lower", f"{cause}, more than the margin and chance over {samples:,} samples"
    else:
        status, cause = "undecided", f"{cause}; one seed does not decide, give several"
    return GateRow(check="accuracy", subject=subject, status=status, cause=cause, difference=difference)
