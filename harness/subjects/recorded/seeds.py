"""Studies of several seeds: the final accuracy of two arms is judged over all seeds, not for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.records.verdict import Verdict
from harness.results.recorded import EPOCHS
from harness.rungs import convergence
from harness.rungs.convergence_over_seeds import compare_seeds
from harness.subjects.recorded.comparison import Comparison
from harness.subjects.recorded.reliance import relied_on

NO_VARIANT = "."  # the folder above the seeds of a study without variants


def over_seeds(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons, with one `convergence` over all seeds of a variant in place of one for each seed."""
    groups: dict[str, list[Comparison]] = {}
    for comparison in comparisons:
        groups.setdefault(str(Path(comparison.variant).parent), []).append(comparison)
    joined: list[Comparison] = []
    for name, group in groups.items():
        seeds = {
            comparison.experiment.seed
            for comparison in group
            if comparison.experiment is not None and comparison.compared
        }
        if len(seeds) < 2 or len(seeds) < len(group):
            joined += group
        else:
            joined += [_without_accuracy(comparison) for comparison in group]
            of_all = "all seeds" if name == NO_VARIANT else f"{name}, all seeds"
            joined.append(replace(group[0], compared=[], general=_verdicts(group), notes=[], variant=of_all))
    return joined


def _without_accuracy(comparison: Comparison) -> Comparison:
    kept = [replace(c, verdicts=[v for v in c.verdicts if v.rung != convergence.NAME]) for c in comparison.compared]
    return replace(comparison, compared=kept)


def _verdicts(group: Sequence[Comparison]) -> list[Verdict]:
    """A verdict on the accuracy over the seeds for each pair of arms that any seed has."""
    verdicts = []
    for name in dict.fromkeys(arm_pair.pair.name for comparison in group for arm_pair in comparison.compared):
        sides = {
            comparison.experiment.seed: arm_pair.pair.sides
            for comparison in group
            for arm_pair in comparison.compared
            if arm_pair.pair.name == name and comparison.experiment is not None
        }
        trainings = {
            comparison.experiment.seed: arm_pair.trainings
            for comparison in group
            for arm_pair in comparison.compared
            if arm_pair.pair.name == name and comparison.experiment is not None
        }
        by_seed = {seed: [arm.trace for arm in both] for seed, both in sides.items()}
        first = next(iter(by_seed.values()))
        experiment = group[0].experiment
        assert experiment is not None  # else it has no seed
        both = experiment.model_copy(update={"arms": tuple(trace.arm for trace in first)})
        arms = [arm for pair in sides.values() for arm in pair]
        compared = compare_seeds(both, by_seed, "test_accuracy over the seeds", trainings.get)
        verdicts += [relied_on(comparison.verdict, arms, EPOCHS) for comparison in compared]
    return verdicts
