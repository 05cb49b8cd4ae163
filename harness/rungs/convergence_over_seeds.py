"""Rung `convergence` over several seeds: paired runs, whose mean difference is tested against the margin.

All arms train by the same plan at each seed, so that only the arms cause the differences, and
`harness.judging.statistics` tests whether their mean is within the margin. The spread of an arm that is not
reproducible is part of the differences, and so widens the interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import isfinite
from typing import NamedTuple

import numpy as np

from harness.judging.statistics import MOST_PAIRS, Decision, Equivalence, paired_equivalence
from harness.judging.tolerances import margin
from harness.records.trace import Trace
from harness.records.verdict import Status, Verdict
from harness.rungs.convergence import NAME, ONE_SEED, UNCOUNTED, ended, miscounted
from harness.rungs.convergence_culprits import Attribution, accuracy, attribution
from harness.rungs.rung import Trainings
from harness.spec.experiment import Experiment

WHY_NEW = "those of this run are not among them: a test repeated over the same seeds is right less often than it says"
# An undecided comparison is `unverified`, which has its own exit code. It does not agree, or a gate with fewer seeds
# would pass more often. It does not diverge, or a gate would fail whenever the noise is large.
STATUS: dict[Decision, Status] = {"equivalent": "agrees", "different": "diverges", "undecided": "unverified"}
GRAVEST_FIRST: tuple[Status, ...] = ("diverges", "interrupted", "crashed", "unverified", "unsupported", "agrees")


TrainingsAt = Callable[[int], Trainings | None]


def no_trainings(seed: int) -> Trainings | None:
    """None for every seed: the reference cannot run."""
    return None


class Mismatch(NamedTuple):
    """Why the runs at one seed are no pair, and the arms that did not score each sample once, or ""."""

    seed: int
    reason: str
    culprit: str


@dataclass(frozen=True)
class Paired:
    """Two arms compared over the seeds.

    `pairs`: by seed, the traces of both arms, if both finished. `unfinished`: by seed, the status and the reason if one
    did not finish. `mismatches`: the reasons why runs at one seed are no pair: another plan, weights or test set.
    `twins`: whether the arms are one arm under two names, whose differences are its own spread at one seed.
    `trainings_at`: the records of a seed, from which a culprit can be named; None if the reference cannot run.
    """

    subject: str
    accuracy_margin: float
    arm_a: str
    arm_b: str
    pairs: Mapping[int, tuple[Trace, Trace]]
    unfinished: Mapping[int, tuple[Status, str]]
    mismatches: tuple[Mismatch, ...]
    twins: bool
    trainings_at: TrainingsAt = no_trainings

    @cached_property
    def differences(self) -> dict[int, float]:
        """By seed, the test accuracy of `arm_a` minus that of `arm_b`."""
        return {seed: accuracy(a) - accuracy(b) for seed, (a, b) in self.pairs.items()}

    @cached_property
    def equivalence(self) -> Equivalence:
        """The paired test for equivalence. Its resolution is one test sample: `1 / samples_scored`."""
        return self._tested(list(self.differences.values()))

    def _tested(self, differences: Sequence[float]) -> Equivalence:
        scored = [trace.epochs[-1].samples_scored for pair in self.pairs.values() for trace in pair]
        resolution = 1 / max(1, min(scored)) if scored else 0.0
        return paired_equivalence(differences, self.accuracy_margin, resolution=resolution)

    @cached_property
    def attribution(self) -> Attribution | None:
        """The arms that cause a difference, with the reasons; None if the arms do not diverge."""
        if self.status != "diverges":
            return None
        uncounted = tuple(dict.fromkeys(mismatch.culprit for mismatch in self.mismatches if mismatch.culprit))
        if uncounted:
            return Attribution(uncounted, ())
        seeds = dict.fromkeys(mismatch.seed for mismatch in self.mismatches) or self.pairs
        trainings = {seed: found for seed in seeds if (found := self.trainings_at(seed)) is not None}
        return attribution(
            {seed: self.pairs[seed] for seed in seeds},
            trainings,
            lambda differences: bool(self.mismatches) or self._tested(differences).decision == "different",
        )

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
            **({} if self.attribution is None else self.attribution.fields),
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
        reasons = [] if self.attribution is None else self.attribution.reasons
        failures = [
            f"{seeds_in_words([seed for seed, (_, other) in self.unfinished.items() if other == reason])}: {reason}"
            for reason in dict.fromkeys(reason for _, reason in self.unfinished.values())
        ]
        if self.mismatches:
            mismatches = [f"seed {mismatch.seed}: {mismatch.reason}" for mismatch in self.mismatches]
            return "; ".join([*mismatches, *reasons, *failures])
        if result.pairs == 0:
            return "; ".join(["no seed that both arms finished", *failures])
        twins = f"one arm twice, {self._own_spread()}; " if self.twins else ""
        if result.pairs == 1:
            return twins + "; ".join([f"{points(result.mean)} points; {ONE_SEED}; 2 are the fewest", *failures])
        interval = f"{_interval_name(result)} [{points(result.low)}, {points(result.high)}]"
        decision = f"mean {points(result.mean)} points, {interval}, margin {100 * result.margin:g}: {result.decision}"
        return twins + "; ".join([decision, *reasons, *self._advice, *failures])


def compare_seeds(
    experiment: Experiment,
    by_seed: Mapping[int, Sequence[Trace]],
    subject: str,
    trainings_at: TrainingsAt = no_trainings,
) -> list[Paired]:
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
        pairs = {seed: (one, other) for seed, (one, other) in both.items() if ended(one) and ended(other)}
        compared.append(
            Paired(
                subject=subject,
                accuracy_margin=experiment.comparison.accuracy_margin,
                arm_a=a.name,
                arm_b=b.name,
                pairs=pairs,
                unfinished={seed: _unfinished(two) for seed, two in both.items() if seed not in pairs},
                mismatches=tuple(
                    mismatch for seed, pair in pairs.items() for mismatch in _mismatches(seed, *pair, trainings_at)
                ),
                twins=a.model_copy(update={"name": b.name}) == b,
                trainings_at=trainings_at,
            )
        )
    return compared


def seeds_in_words(seeds: Sequence[int]) -> str:
    """`seed 3`, `seeds 0 to 4`, `seeds 2, 5, 7`."""
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def points(fraction: float) -> str:
    """The fraction in points of accuracy, which are hundredths, to three decimals."""
    return f"{100 * fraction:.3f}"


def _mismatches(seed: int, a: Trace, b: Trace, trainings_at: TrainingsAt) -> Iterator[Mismatch]:
    """The reasons why two runs at one seed are no pair; none if they are one."""
    if a.plan_digest != b.plan_digest:
        yield Mismatch(seed, "the arms had different plans", "")
    if a.arm.precision == b.arm.precision and a.initial_weights_digest != b.initial_weights_digest:
        yield Mismatch(seed, "the arms had different initial weights", "")
    if a.epochs[-1].samples_scored != b.epochs[-1].samples_scored:
        yield Mismatch(seed, UNCOUNTED, ", ".join(miscounted(a, b, trainings_at(seed))))


def _unfinished(traces: Sequence[Trace]) -> tuple[Status, str]:
    """The status of the first trace that did not finish, and the reason."""
    trace = next(trace for trace in traces if not ended(trace))
    if trace.failure is None:
        return "crashed", f"{trace.arm.name} was not trained"
    return trace.failure.status, f"{trace.arm.name} {trace.failure.status} ({trace.failure})"


def _interval_name(equivalence: Equivalence) -> str:
    return f"{100 * (1 - 2 * equivalence.alpha):g} % interval"
