"""Rung `convergence`: do the trainings end equally well, within the margin the experiment states?

One seed is one number: the difference of the two accuracies is within the margin or not, and how it would have come out
with other weights and other batches is not known. Several seeds are paired runs: at each, all arms train by the same
plan, so that their difference is of the arms alone, and `harness.judging.statistics` says whether its mean is within
the margin. Then single seeds are not judged: one of many may well lie outside. An arm that is not reproducible brings
its own spread into the differences, and so widens the interval.
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
# An undecided comparison is `unverified`, with its own exit code. It never `agrees`: else a gate would be the greener
# the fewer seeds it is given. Nor does it diverge: a gate that cries wolf whenever noise is large is soon ignored.
STATUS: dict[Decision, Status] = {"equivalent": "agrees", "different": "diverges", "undecided": "unverified"}
GRAVEST_FIRST: tuple[Status, ...] = ("diverges", "interrupted", "crashed", "unverified", "unsupported", "agrees")


def judge_trainings(trainings: Trainings) -> list[Verdict]:
    """The accuracies of every two arms; an arm that recorded none is unverified, where classes are predicted."""
    experiment, healthy = trainings.context.experiment, trainings.healthy
    verdicts = judge_traces(experiment, trainings.traces)
    if experiment.data.classes is None or len(healthy) < 2:
        return verdicts
    return verdicts + silent_arms(NAME, healthy, verdicts, "no accuracy was recorded")


def judge_traces(experiment: Experiment, traces: Sequence[Trace]) -> list[Verdict]:
    """The test accuracy after the last epoch, every test sample scored, one seed."""
    bound = margin(experiment.comparison.accuracy_margin)
    verdicts = []
    for a, b in combinations([trace for trace in traces if _ended(trace)], 2):
        first, second = a.epochs[-1], b.epochs[-1]
        if first.test_accuracy is None or second.test_accuracy is None:
            continue  # values are predicted, which are right by degrees: `expected` has the say
        difference = abs(first.test_accuracy - second.test_accuracy)
        # A difference of the margin itself is within it, whatever the rounding of the two accuracies.
        within = difference <= float(bound.bound) + float(np.finfo(np.float64).eps)
        uncounted = first.samples_scored != second.samples_scored
        verdicts.append(
            Verdict(
                rung=NAME,
                subject="test_accuracy",
                arm_a=a.arm.name,
                arm_b=b.arm.name,
                status="agrees" if within and not uncounted else "diverges",
                # An accuracy is of every test sample: who scored fewer left some out.
                culprit=min((a, b), key=lambda each: each.epochs[-1].samples_scored).arm.name if uncounted else "",
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
    """Two arms over the seeds: `pairs` holds the traces of the seeds that both finished, `missing` why others are not.

    `unlike` says at which seeds the two runs were no pair, since they had not the same plan or the same test set.
    """

    subject: str
    accuracy_margin: float
    arm_a: str
    arm_b: str
    pairs: Mapping[int, tuple[Trace, Trace]]
    missing: Mapping[int, tuple[Status, str]]
    unlike: tuple[str, ...]
    twins: bool
    """Whether the arms are one arm under two names: their differences are that arm's own spread at one seed."""

    @cached_property
    def differences(self) -> dict[int, float]:
        """By seed, the test accuracy of `arm_a` less that of `arm_b`."""
        return {seed: accuracy(a) - accuracy(b) for seed, (a, b) in self.pairs.items()}

    @cached_property
    def found(self) -> Equivalence:
        scored = [trace.epochs[-1].samples_scored for pair in self.pairs.values() for trace in pair]
        resolution = 1 / max(1, min(scored)) if scored else 0.0
        return paired_equivalence(list(self.differences.values()), self.accuracy_margin, resolution=resolution)

    def _own_spread(self) -> str:
        """How two runs of one arm at one seed differ."""
        largest = max(abs(difference) for difference in self.differences.values())
        return f"{'up to ' * bool(largest)}{points(largest)} points apart at one seed"

    @property
    def status(self) -> Status:
        if self.unlike:
            return "diverges"
        # Where of some seeds nothing is known, the others may show a difference, but no equality.
        decided = {STATUS[self.found.decision]} if self.pairs else set()
        said = decided | {status for status, _ in self.missing.values()}
        return next(status for status in GRAVEST_FIRST if status in said)

    @property
    def verdict(self) -> Verdict:
        found, bound = self.found, margin(self.accuracy_margin)
        furthest = max(abs(found.low), abs(found.high))
        worst = max(self.differences, key=lambda seed: abs(self.differences[seed]), default=None)
        both = list(self.pairs.values())
        means = [float(np.mean([accuracy(pair[side]) for pair in both])) if both else None for side in (0, 1)]
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
            tolerance_source=f"{bound.source}, for the {_interval_name(found)} of the mean over the seeds",
            cause=self.cause,
        )

    @property
    def _advice(self) -> list[str]:
        """How many seeds would decide, and which: they must be new ones.

        A test that is repeated over a growing set of the same seeds until it decides is wrong more often than `ALPHA`:
        of arms that are the margin apart it calls 7 to 11 % equivalent.
        """
        count = self.found.pairs_advised
        if self.found.decision != "undecided":
            return []
        if count is None:
            return [
                f"not even {MOST_PAIRS:,} seeds would decide: the mean is at the margin, or the margin is too narrow"
            ]
        first = 1 + max([*self.pairs, *self.missing])
        return [f"{count} new seeds would decide: seeds={count} seed={first} ({WHY_NEW})"]

    @property
    def cause(self) -> str:
        found = self.found
        said = [
            f"{seeds_in_words([seed for seed, (_, each) in self.missing.items() if each == why])}: {why}"
            for why in dict.fromkeys(why for _, why in self.missing.values())
        ]
        if self.unlike:
            return "; ".join([*self.unlike, *said])
        if found.pairs == 0:
            return "; ".join(["no seed that both arms finished", *said])
        twice = f"one arm twice, {self._own_spread()}; " if self.twins else ""
        if found.pairs == 1:
            return twice + "; ".join([f"{points(found.mean)} points; {ONE_SEED}; 2 are the fewest", *said])
        interval = f"{_interval_name(found)} [{points(found.low)}, {points(found.high)}]"
        decided = f"mean {points(found.mean)} points, {interval}, margin {100 * found.margin:g}: {found.decision}"
        return twice + "; ".join([decided, *self._advice, *said])


def compare_seeds(experiment: Experiment, by_seed: Mapping[int, Sequence[Trace]], subject: str) -> list[Paired]:
    """Every two arms over all seeds. `by_seed` holds the trace of every arm, finished or not.

    Nothing where values are predicted, which are right by degrees: `expected` has the say.
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
                missing={seed: _unfinished(each) for seed, each in both.items() if seed not in pairs},
                unlike=tuple(f"seed {seed}: {why}" for seed, pair in pairs.items() for why in _unlike(*pair)),
                twins=a.model_copy(update={"name": b.name}) == b,
            )
        )
    return compared


def accuracy(trace: Trace) -> float:
    """The test accuracy after the last epoch; NaN where there is none."""
    found = trace.epochs[-1].test_accuracy
    return np.nan if found is None else found


def seeds_in_words(seeds: Sequence[int]) -> str:
    """`seed 3`, `seeds 0 to 4`, `seeds 2, 5, 7`."""
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def points(fraction: float) -> str:
    """In points of accuracy."""
    return f"{100 * fraction:.3f}"


def _ended(trace: Trace) -> bool:
    """Whether there is a last epoch, with which the training finished."""
    return trace.finished and bool(trace.epochs)


def _unlike(a: Trace, b: Trace) -> list[str]:
    """Why two runs at one seed are no pair."""
    wrong = []
    if a.plan_digest != b.plan_digest:
        wrong.append("the arms had different plans")
    if a.arm.precision == b.arm.precision and a.initial_weights_digest != b.initial_weights_digest:
        wrong.append("the arms had different initial weights")
    if a.epochs[-1].samples_scored != b.epochs[-1].samples_scored:
        wrong.append("the arms scored different numbers of samples")
    return wrong


def _unfinished(traces: Sequence[Trace]) -> tuple[Status, str]:
    """What became of the first of the traces that did not finish."""
    trace = next(each for each in traces if not _ended(each))
    if trace.failure is None:
        return "crashed", f"{trace.arm.name} was not trained"
    return trace.failure.status, f"{trace.arm.name} {trace.failure.status} ({trace.failure})"


def _interval_name(found: Equivalence) -> str:
    return f"{100 * (1 - 2 * found.alpha):g} % interval"


RUNG = Rung(NAME, judge_trainings=judge_trainings, over_seeds=True)
