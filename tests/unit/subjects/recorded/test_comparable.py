"""What makes two experiments one: not the arms, and so not how these were arranged."""

from __future__ import annotations

from collections.abc import Callable

from harness.plan import draw_plan
from harness.spec import Experiment
from harness.subjects.recorded.comparable import ASIDE, PARTS, differing_specs


def test_an_arrangement_makes_no_other_experiment(experiment_of: Callable[..., Experiment]) -> None:
    def arranged(name: str) -> Experiment:
        return experiment_of(arms=[{"name": "one", "adapter": "mindspore", "mode": "jit", "arrangement": name}])

    first, second = arranged("none"), arranged("avx2")
    assert first != second
    assert differing_specs(first, second, PARTS, ASIDE) == []
    assert draw_plan(first, 40).digest == draw_plan(second, 40).digest
    assert differing_specs(first, experiment_of(seed=4), PARTS, ASIDE) == ["another spec: seed is 3 in A, 4 in B"]
