"""Which arm causes a difference of final accuracies: the reference as a third judge of recorded trainings.

An accuracy is wrong if the test set was scored wrongly, or if the training that led to the weights was wrong. So the
reference scores the test set at each arm's recorded final weights, and the difference is judged again with its accuracy
in place of each that was recorded wrongly. If the arms no longer differ, those that were scored wrongly are the
culprits. If they still differ, their weights do: the culprits are the arms whose trainings an earlier rung has found
wrong, at their first steps or from a checkpoint. If there is no such arm, nobody knows: two right trainings may end
further apart than the margin, because rounding errors grow in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan

from harness.records.trace import Trace
from harness.records.verdict import Judgement, Verdict
from harness.rungs import evaluation, inputs, trajectory
from harness.rungs.rung import Trainings

# The rungs that judge what was trained on, and how the training went.
OF_THE_TRAINING = (inputs.NAME, trajectory.NAME)
UNDETERMINED = "no rung has found one of the trainings wrong"

Pairs = Mapping[int, tuple[Trace, Trace]]
Differ = Callable[[Sequence[float]], bool]


@dataclass(frozen=True)
class Attribution:
    """The names of the arms that cause a difference, and the reasons in words."""

    culprits: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def fields(self) -> dict[str, str]:
        """The fields of a verdict that say so."""
        judgements: tuple[Judgement, ...] = ("undetermined", "one wrong", "both wrong")
        return {"culprit": ", ".join(self.culprits), "judgement": judgements[len(self.culprits)]}


def accuracy(trace: Trace) -> float:
    """The test accuracy after the last epoch, a fraction of 1; NaN if there is none."""
    recorded = trace.epochs[-1].test_accuracy
    return nan if recorded is None else recorded


def attribution(pairs: Pairs, trainings: Mapping[int, Trainings], differ: Differ) -> Attribution:
    """Which of two arms causes the difference of their final accuracies.

    Args:
        pairs: by seed, the traces of both arms.
        trainings: by seed, what was recorded of the trainings; seeds without it count as they are.
        differ: whether arms with these differences of accuracies differ, a number for each seed.
    """
    at = _at_seeds(pairs)
    mistakes: dict[tuple[int, str], str] = {}
    differences = []
    for seed, pair in pairs.items():
        accuracies = []
        for trace in pair:
            recorded, by_reference = accuracy(trace), _by_reference(trainings.get(seed), trace)
            if by_reference is not None:
                mistakes[seed, trace.arm.name] = (
                    f"{trace.arm.name} recorded {_percent(recorded)}, the reference scores {_percent(by_reference)} "
                    f"from its final weights{at[seed]}"
                )
            accuracies.append(recorded if by_reference is None else by_reference)
        differences.append(accuracies[0] - accuracies[1])
    if mistakes and not differ(differences):
        return _first_of_each(mistakes.items())
    return first_divergences(pairs, trainings)


def first_divergences(pairs: Pairs, trainings: Mapping[int, Trainings]) -> Attribution:
    """The attribution to the arms whose trainings an earlier rung has found wrong."""
    at = _at_seeds(pairs)
    found = _first_of_each(
        ((seed, trace.arm.name), f"{_in_words(verdict)}{at[seed]}")
        for seed, pair in pairs.items()
        for trace in pair
        if (verdict := _first_divergence(trainings.get(seed), trace.arm.name)) is not None
    )
    return found if found.culprits or not trainings else Attribution((), (UNDETERMINED,))


def _at_seeds(pairs: Pairs) -> dict[int, str]:
    """By seed, where it is in words; empty if there is only one."""
    return {seed: f" at seed {seed}" if len(pairs) > 1 else "" for seed in pairs}


def _by_reference(trainings: Trainings | None, trace: Trace) -> float | None:
    """The reference's accuracy at an arm's final weights, if the arm recorded another; else None."""
    weights = {} if trainings is None else trainings.weights.get(trace.arm.name, {})
    if trainings is None or not evaluation.are_of_the_model(trainings.context, weights):
        return None
    expected, bound = evaluation.expected_accuracy(trainings.context, trace.arm, weights)
    return None if abs(accuracy(trace) - expected) <= bound else expected


def _first_divergence(trainings: Trainings | None, arm: str) -> Verdict | None:
    """The first verdict that finds this arm's training wrong; None if there is none."""
    verdicts = () if trainings is None else trainings.verdicts
    return next(
        (
            verdict
            for verdict in verdicts
            if verdict.rung in OF_THE_TRAINING and verdict.status == "diverges" and arm in verdict.culprit.split(", ")
        ),
        None,
    )


def _first_of_each(reasons: Iterable[tuple[tuple[int, str], str]]) -> Attribution:
    """The attribution to the arms of these (seed, arm), each with its first reason."""
    by_arm: dict[str, str] = {}
    for (_, arm), reason in reasons:
        by_arm.setdefault(arm, reason)
    return Attribution(tuple(by_arm), tuple(by_arm.values()))


def _in_words(verdict: Verdict) -> str:
    at = f" at {verdict.worst_index}" if verdict.worst_index else ""
    return f"{verdict.culprit} is off the reference in rung {verdict.rung}, {verdict.subject}{at}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f} %"
