"""Rung `convergence`: are the final test accuracies of two arms equal within the margin that the experiment states?

For one seed, the difference of the two accuracies is compared with the margin; nothing is known about other weights and
other batches. Several seeds are paired runs: all arms train by the same plan at each seed, so that only the arms cause
the differences, and `harness.judging.statistics` tests whether their mean is within the margin. Single seeds are not
judged then, since one of many may well lie outside. The spread of an arm that is not reproducible is part of the
differences, and so widens the interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import isfinite

import numpy as np

from harness.judging.silence import silent_arms
from harness.judging.statistics import MOST_PAIRS, Decision, Equivalence, paired_equivalence
from harness.judging.tolerances import margin
from harness.records.trace import Trace
from harness.records.verdict import Status, Verdict
from harness.rungs.rung import Rung, Trainings
from harness.spec.experiment import Experiment

NAME = "convergence"
ONE_SEED = "one seed gives no interval"
WHY_NEW = "those of this run are not among them: a test repeated over the same seeds is right less often than it says"
# An undecided comparison is `unverified`, which has its own exit code. It does not agree, or a gate with fewer seeds
# would pass more often. It does not diverge, or a gate would fail whenever the noise is large.
STATUS: dict[Decision, Status] = {"equivalent": "agrees", "different": "diverges", "undecided": "unverified"}
GRAVEST_FIRST: tuple[Status, ...] = ("diverges", "interrupted", "crashed", "unverified", "unsupported", "agrees")


def judge_trainings(trainings: Trainings) -> list[Verdict]:
    """The verdicts on the accuracies of every two arms, and `unverified` for each arm that recorded no accuracy.

    If the model predicts values, not classes, there is no accuracy to record.
    """
    experiment, healthy = trainings.context.experiment, trainings.healthy
    verdicts = judge_traces(experiment, trainings.traces)
    if experiment.data.classes is None or len(healthy) < 2:
        return verdicts
    return verdicts + silent_arms(NAME, healthy, verdicts, "no accuracy was recorded")


def judge_traces(experiment: Experiment, traces: Sequence[Trace]) -> list[Verdict]:
    """The verdicts on the test accuracies of every two arms after the last epoch, for one seed."""
    bound = margin(experiment.comparison.accuracy_margin)
    verdicts = []
    for a, b in combinations([trace for trace in traces if _ended(trace)], 2):
        first, second = a.epochs[-1], b.epochs[-1]
        if first.test_accuracy is None or second.test_accuracy is None:
            continue  # the model predicts values, which have no accuracy: the rung `expected` judges them
        difference = abs(first.test_accuracy - second.test_accuracy)
        # A difference equal to the margin is within it, so the rounding of the two accuracies is added.
        within = difference <= float(bound.bound) + float(np.finfo(np.float64).eps)
        uncounted = first.samples_scored != second.samples_scored
        verdicts.append(
            Verdict(
                rung=NAME,
                subject="test_accuracy",
                arm_a=a.arm.name,
                arm_b=b.arm.name,
                status="agrees" if within and not uncounted else "diverges",
                # An accuracy covers every test sample, so the arm that scored fewer has left some out.
                culprit=min((a, b), key=lambda trace: trace.epochs[-1].samples_scored).arm.name if uncounted else "",
                worst_index=f"after epoch {first.epoch}",
                value_a=first.test_accuracy,
                value_b=second.test_accuracy,
                tolerance=float(bound.bound),
                error_over_tolerance=difference / float(bound.bound),
                tolerance_source=bound.source,
                cause=_cause(difference, within, uncounted),
            )
        )
    return verdicts


def _cause(difference: float, within: bool, uncounted: bool) -> str:
    if uncounted:
        return "the arms scored different numbers of samples"
    return ONE_SEED if within else f"{100 * difference:.2f} points apart; {ONE_SEED}"


@dataclass(frozen=True)
class Paired:
    """Two arms compared over the seeds.

    `pairs`: by seed, the traces of both arms, if both finished. `unfinished`: by seed, the status and the reason if one
    did not finish. `mismatches`: the reasons why runs at one seed are no pair: another plan, weights or test set.
    `twins`: whether the arms are one arm under two names, whose differences are its own spread at one seed.
    """

    subject: str
    accuracy_margin: float
    arm_a: str
    arm_b: str
    pairs: Mapping[int, tuple[Trace, Trace]]
    unfinished: Mapping[int, tuple[Status, str]]
    mismatches: tuple[str, ...]
    twins: bool

    @cached_property
    def differences(self) -> dict[int, float]:
        """By seed, the test accuracy of `arm_a` minus that of `arm_b`."""
        return {seed: accuracy(a) - accuracy(b) for seed, (a, b) in self.pairs.items()}

    @cached_property
    def equivalence(self) -> Equivalence:
        """The paired test for equivalence. Its resolution is one test sample: `1 / samples_scored`."""
        scored = [trace.epochs[-1].samples_scored for pair in self.pairs.values() for trace in pair]
        resolution = 1 / max(1, min(scored)) if scored else 0.0
        return paired_equivalence(list(self.differences.values()), self.accuracy_margin, resolution=resolution)

    def _own_spread(self) -> str:
        """The largest difference between two runs of one arm at one seed, in words."""
        largest = max(abs(difference) for difference in self.differences.values())
        return f"{'up to ' * bool(largest)}{points(largest)} points apart at one seed"

    @property
    def status(self) -> Status:
        """The gravest status among the decision of the test and the seeds that did not finish."""
        if self.mismatches:
            return "diverges"
        # Seeds that did not finish leave equality undecided, but the others may show a difference.
        decided = {STATUS[self.equivalence.decision]} if self.pairs else set()
        statuses = decided | {status for status, _ in self.unfinished.values()}
        return next(status for status in GRAVEST_FIRST if status in statuses)

    @property
    def verdict(self) -> Verdict:
        """The verdict over all seeds, with the mean accuracies of both arms and the seed of the largest difference."""
        equivalence, bound = self.equivalence, margin(self.accuracy_margin)
        furthest = max(abs(equivalence.low), abs(equivalence.high))
        worst = max(self.differences, key=lambda seed: abs(self.differences[seed]), default=None)
        pairs = list(self.pairs.values())
        means = [float(np.mean([accuracy(pair[side]) for pair in pairs])) if pairs else None for side in (0, 1)]
        return Verdict(
            rung=NAME,
            subject=self.subject,
            arm_a=self.arm_a,
            arm_b=self.arm_b,
            status=self.status,
            worst_index="" if worst is None else f"seed {worst}",
            value_a=means[0],
            value_b=means[1],
            tolerance=self.accuracy_margin,
            error_over_tolerance=furthest / self.accuracy_margin if isfinite(furthest) else None,
            tolerance_source=f"{bound.source}, for the {_interval_name(equivalence)} of the mean over the seeds",
            cause=self.cause,
        )

    @property
    def _advice(self) -> list[str]:
        """A sentence on how many new seeds would decide an undecided test; empty if it is decided.

        The seeds must be new ones: a test that is repeated over a growing set of the same seeds until it decides is
        wrong more often than `ALPHA`. It calls 7 to 11 % of the arms equivalent that are the margin apart.
        """
        count = self.equivalence.pairs_advised
        if self.equivalence.decision != "undecided":
            return []
        if count is None:
            return [
                f"not even {MOST_PAIRS:,} seeds would decide: the mean is at the margin, or the margin is too narrow"
            ]
        first = 1 + max([*self.pairs, *self.unfinished])
        return [f"{count} new seeds would decide: seeds={count} seed={first} ({WHY_NEW})"]

    @property
    def cause(self) -> str:
        """The mean difference, its interval and the decision in words, with the seeds that did not finish."""
        result = self.equivalence
        failures = [
            f"{seeds_in_words([seed for seed, (_, other) in self.unfinished.items() if other == reason])}: {reason}"
            for reason in dict.fromkeys(reason for _, reason in self.unfinished.values())
        ]
        if self.mismatches:
            return "; ".join([*self.mismatches, *failures])
        if result.pairs == 0:
            return "; ".join(["no seed that both arms finished", *failures])
        twins = f"one arm twice, {self._own_spread()}; " if self.twins else ""
        if result.pairs == 1:
            return twins + "; ".join([f"{points(result.mean)} points; {ONE_SEED}; 2 are the fewest", *failures])
        interval = f"{_interval_name(result)} [{points(result.low)}, {points(result.high)}]"
        decision = f"mean {points(result.mean)} points, {interval}, margin {100 * result.margin:g}: {result.decision}"
        return twins + "; ".join([decision, *self._advice, *failures])


def compare_seeds(experiment: Experiment, by_seed: Mapping[int, Sequence[Trace]], subject: str) -> list[Paired]:
    """The comparisons of every two arms over all seeds. `by_seed` holds the trace of every arm, finished or not.

    Empty if the model predicts values, which have no accuracy: the rung `expected` judges them.
    """
    if experiment.data.classes is None:
        return []
    compared = []
    for a, b in combinations(experiment.arms, 2):
        both = {
            seed: tuple(next(t for t in traces if t.arm.name == arm.name) for arm in (a, b))
            for seed, traces in by_seed.items()
        }
        pairs = {seed: (one, other) for seed, (one, other) in both.items() if _ended(one) and _ended(other)}
        compared.append(
            Paired(
                subject=subject,
                accuracy_margin=experiment.comparison.accuracy_margin,
                arm_a=a.name,
                arm_b=b.name,
                pairs=pairs,
                unfinished={seed: _unfinished(two) for seed, two in both.items() if seed not in pairs},
                mismatches=tuple(f"seed {seed}: {why}" for seed, pair in pairs.items() for why in _mismatches(*pair)),
                twins=a.model_copy(update={"name": b.name}) == b,
            )
        )
    return compared


def accuracy(trace: Trace) -> float:
    """The test accuracy after the last epoch, a fraction of 1; NaN if there is none."""
    recorded = trace.epochs[-1].test_accuracy
    return np.nan if recorded is None else recorded


def seeds_in_words(seeds: Sequence[int]) -> str:
    """`seed 3`, `seeds 0 to 4`, `seeds 2, 5, 7`."""
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def points(fraction: float) -> str:
    """The fraction in points of accuracy, which are hundredths, to three decimals."""
    return f"{100 * fraction:.3f}"


def _ended(trace: Trace) -> bool:
    """Whether the training finished and recorded at least one epoch."""
    return trace.finished and bool(trace.epochs)


def _mismatches(a: Trace, b: Trace) -> list[str]:
    """The reasons why two runs at one seed are no pair; empty if they are one."""
    reasons = []
    if a.plan_digest != b.plan_digest:
        reasons.append("the arms had different plans")
    if a.arm.precision == b.arm.precision and a.initial_weights_digest != b.initial_weights_digest:
        reasons.append("the arms had different initial weights")
    if a.epochs[-1].samples_scored != b.epochs[-1].samples_scored:
        reasons.append("the arms scored different numbers of samples")
    return reasons


def _unfinished(traces: Sequence[Trace]) -> tuple[Status, str]:
    """The status of the first trace that did not finish, and the reason."""
    trace = next(trace for trace in traces if not _ended(trace))
    if trace.failure is None:
        return "crashed", f"{trace.arm.name} was not trained"
    return trace.failure.status, f"{trace.arm.name} {trace.failure.status} ({trace.failure})"


def _interval_name(equivalence: Equivalence) -> str:
    return f"{100 * (1 - 2 * equivalence.alpha):g} % interval"


RUNG = Rung(NAME, judge_trainings=judge_trainings, over_seeds=True)
