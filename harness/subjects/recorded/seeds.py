"""Studies of several seeds: how well two arms end is then judged over the seeds, and no longer at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.records.verdict import Verdict
from harness.results.recorded import EPOCHS
from harness.rungs import convergence
from harness.subjects.recorded.comparison import Comparison
from harness.subjects.recorded.reliance import relied_on


def over_seeds(found: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons, those of several seeds without their own `convergence`, and after them one over all."""
    groups: dict[str, list[Comparison]] = {}
    for each in found:
        groups.setdefault(str(Path(each.variant).parent), []).append(each)
    joined: list[Comparison] = []
    for name, own in groups.items():
        seeds = {each.experiment.seed for each in own if each.experiment is not None and each.compared}
        if len(seeds) < 2 or len(seeds) < len(own):
            joined += own
        else:
            joined += [_without_accuracy(each) for each in own]
            joined.append(replace(own[0], compared=[], general=_verdicts(own), notes=[], variant=f"{name}, all seeds"))
    return joined


def _without_accuracy(each: Comparison) -> Comparison:
    kept = [replace(c, verdicts=[v for v in c.verdicts if v.rung != convergence.NAME]) for c in each.compared]
    return replace(each, compared=kept)


def _verdicts(own: Sequence[Comparison]) -> list[Verdict]:
    """One for each pair of arms that any seed has."""
    verdicts = []
    for name in dict.fromkeys(one.pair.name for each in own for one in each.compared):
        sides = {
            each.experiment.seed: one.pair.sides
            for each in own
            for one in each.compared
            if one.pair.name == name and each.experiment is not None
        }
        by_seed = {seed: [arm.trace for arm in both] for seed, both in sides.items()}
        first = next(iter(by_seed.values()))
        experiment = own[0].experiment
        assert experiment is not None  # else it has no seed
        both = experiment.model_copy(update={"arms": tuple(trace.arm for trace in first)})
        arms = [arm for pair in sides.values() for arm in pair]
        compared = convergence.compare_seeds(both, by_seed, "test_accuracy over the seeds")
        verdicts += [relied_on(each.verdict, arms, EPOCHS) for each in compared]
    return verdicts
