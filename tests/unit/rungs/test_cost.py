"""The plan of cost: what a budget leaves of a check is a function of the estimate, and its order is stated."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from harness.composition import compose_study
from harness.judging.tolerances import DRAWS
from harness.records.cost import CostPlan, Extent, Rates
from harness.records.verdict import Verdict
from harness.rungs import checkpoints, cost, registry
from harness.spec import Experiment

BATCH = 128
STATED = Extent(free_steps=20, self_steps=20, forced_steps=3, forced_samples=BATCH)
CONF = Path(__file__).parents[3] / "conf" / "experiment"


def rates(arm: float, reference: float = 0.0, compilation: float = 0.0) -> Rates:
    return Rates(
        reference_float64=reference,
        reference_float32=reference / 2,
        arms={"fast": arm / 10, "slow": arm},
        compilations={"fast": 0.0, "slow": compilation},
    )


def planned(experiment_of: Any, budget_s: float, measured: Rates, **fields: Any) -> CostPlan:
    experiment = experiment_of(comparison={"budget_s": budget_s}, **fields)
    return cost.planned(experiment, STATED, measured, BATCH)


def test_the_estimate_by_hand() -> None:
    """Of the slower arm: three runs of 20 steps, two of 20, three forced steps; of the reference what it runs."""
    seconds = cost.estimate(STATED, rates(1.0, 2.0, 5.0), BATCH)
    assert seconds["self"] == 3 * 20 * 1.0 + 5.0
    assert seconds["trajectory"] == 20 * (2 * 1.0 + 2.0 + DRAWS * 1.5 * 1.0)
    assert seconds["step"] == 3 * (1.0 + 2.0 + 3 * 1.0)
    assert seconds["model"] == pytest.approx(4 / 3 * (1.0 + 2 * 2.0 + 4 * 1.0) + 5.0)
    half = STATED.model_copy(update={"forced_samples": BATCH // 2, "self_steps": 10})
    assert cost.estimate(half, rates(1.0, 2.0, 5.0), BATCH)["step"] == seconds["step"] / 2
    assert cost.estimate(half, rates(1.0, 2.0, 5.0), BATCH)["trajectory"] == seconds["trajectory"] + 5.0


def test_the_estimate_of_trainings_by_hand() -> None:
    """Of two arms: from each checkpoint two updates in all draws, and the errors of its samples; all scorings."""
    kept = STATED.model_copy(update={"checkpoints": 3})
    seconds = cost.estimate_of_trainings(kept, rates(1.0, 2.0), BATCH, 2 * BATCH)
    assert seconds["trajectory"] == pytest.approx(2 * 3 * (2 * (2.0 + DRAWS * 1.5 * 1.0) + 4 / 3 * (2.0 + 1.0)))
    assert seconds["evaluation"] == pytest.approx(2 * (1 + 3) * 2 / 3 * (2.0 + 1.0))
    assert cost.estimate_of_trainings(STATED, rates(1.0, 2.0), BATCH, 0) == {"trajectory": 0.0, "evaluation": 0.0}


def of_training(experiment_of: Any, budget_s: float, **fields: Any) -> CostPlan:
    experiment = experiment_of(comparison={"budget_s": budget_s}, **fields)
    return cost.planned(experiment, STATED.model_copy(update={"checkpoints": 3}), rates(1.0, 1.0), BATCH, 40 * BATCH)


def test_of_a_training_checkpoints_are_reduced_first(experiment_of: Any) -> None:
    whole = of_training(experiment_of, 1e6)
    assert not whole.is_reduced
    less = of_training(experiment_of, sum(whole.stated_s.values()) - 1)
    assert less.asked == whole.stated.model_copy(update={"checkpoints": 2})
    note = "checkpoints 3 -> 2 by comparison.budget_s="
    assert less.reductions.startswith(note)
    assert note in less.noted("evaluation", [VERDICT], of_trainings=True)[0].tolerance_source
    assert note in less.noted("trajectory", [VERDICT], of_trainings=True)[0].tolerance_source
    assert less.noted("trajectory", [VERDICT]) == [VERDICT], "answers of live arms do not depend on checkpoints"


def test_a_scoring_that_takes_too_long_is_left_out(experiment_of: Any) -> None:
    plan = of_training(experiment_of, 30)
    assert plan.asked.checkpoints == 0
    assert "evaluation" in plan.asked.left_out
    assert plan.why_left_out("evaluation").startswith("comparison.budget_s=30 leaves no time for it")


def test_the_rung_evaluation_alone_costs_its_scorings(experiment_of: Any) -> None:
    assert list(of_training(experiment_of, 1e6, rungs=["evaluation"]).stated_s) == ["evaluation"]
    assert "evaluation" not in planned(experiment_of, 1e6, rates(1.0)).stated_s, "a check trains nothing"


def test_what_is_climbed_before_the_plan() -> None:
    """Rungs of single words, as far as no rung of the model precedes them; `self` does not count, and comes later."""
    ladder = list(registry.questions())
    assert cost.before_the_plan(ladder) == ["schedule", "applied-lr", "activation", "loss", "initializer"]
    assert cost.before_the_plan(["self", "optimizer", "inputs", "model", "step"]) == ["optimizer", "inputs"]
    assert cost.before_the_plan(["self", "model", "step"]) == []


def test_what_fits_is_asked_as_it_is_stated(experiment_of: Any) -> None:
    plan = planned(experiment_of, 120, rates(0.1, 0.1))
    assert plan.asked == plan.stated == STATED
    assert not plan.is_reduced
    assert plan.reductions == ""
    assert plan.noted("trajectory", [VERDICT]) == [VERDICT]


def test_the_order_of_the_reductions(experiment_of: Any) -> None:
    """Free steps, then steps of rung self, then samples of a forced batch, then whole rungs: none before its turn."""
    measured = rates(2.0, 1.0, 1.0)
    stages = []
    for budget_s in (1000, 200, 120, 90, 70):
        asked = planned(experiment_of, budget_s, measured).asked
        stages.append(asked)
        assert asked.free_steps == cost.FEWEST_FREE or asked.self_steps == asked.free_steps
        assert asked.self_steps == min(cost.FEWEST_SELF, asked.free_steps) or asked.forced_samples == BATCH
        assert not asked.left_out
    for more, less in pairwise(stages):
        assert less.free_steps <= more.free_steps
        assert less.self_steps <= more.self_steps
        assert less.forced_samples <= more.forced_samples
    assert stages[0] == STATED
    assert 5 < stages[2].free_steps < 20
    assert stages[-1].self_steps == cost.FEWEST_SELF
    assert stages[-1].forced_samples < BATCH


def test_the_rungs_that_take_the_most_are_left_out_last_and_the_others_have_their_time(experiment_of: Any) -> None:
    left_out = []
    for budget_s in (70, 62, 40, 25, 10, 1):
        plan = planned(experiment_of, budget_s, rates(2.0, 1.0, 1.0))
        left_out.append(len(plan.asked.left_out))
        if budget_s == 62:
            assert plan.asked.left_out == ("trajectory",)
            assert plan.asked.self_steps > cost.FEWEST_SELF
            fewest = {"free_steps": cost.FEWEST_FREE, "self_steps": cost.FEWEST_SELF}
            smallest = cost.estimate(STATED.model_copy(update=fewest), plan.rates, BATCH)
            assert plan.asked_s["trajectory"] == smallest["trajectory"]
    assert left_out == sorted(left_out)
    assert left_out[0] == 0
    assert left_out[-1] == len(plan.stated_s) - 1, "a step of a few samples takes less than a second"


@pytest.mark.parametrize("budget_s", [1.0, 10.0, 50.0, 80.0, 120.0, 200.0])
@pytest.mark.parametrize("arm", [0.01, 0.5, 2.0, 20.0])
def test_what_is_asked_fits_and_no_more_would(experiment_of: Any, budget_s: float, arm: float) -> None:
    plan = planned(experiment_of, budget_s, rates(arm, arm / 2, 1.0))
    assert sum(s for rung, s in plan.asked_s.items() if rung not in plan.asked.left_out) <= budget_s
    if plan.is_reduced and plan.asked.self_steps == plan.asked.free_steps:
        one_more = plan.asked.free_steps + 1
        larger = plan.asked.model_copy(update={"free_steps": one_more, "self_steps": one_more})
        assert sum(cost.estimate(larger, plan.rates, BATCH).values()) > budget_s


def test_the_plan_is_a_function_of_the_estimate(experiment_of: Any) -> None:
    plan = planned(experiment_of, 60, rates(1.7, 0.9, 3.0))
    again = CostPlan.model_validate_json(plan.model_dump_json())
    assert again == plan
    assert planned(experiment_of, again.budget_s, again.rates).asked == plan.asked


def test_rungs_that_are_not_asked_for_cost_nothing(experiment_of: Any) -> None:
    plan = planned(experiment_of, 30, rates(2.0, 1.0), rungs=["model", "schedule"])
    assert plan.asked == STATED
    assert list(plan.stated_s) == ["model"]


VERDICT = Verdict(rung="trajectory", subject="", arm_a="one", status="agrees", tolerance_source="8 x the envelope")


def test_what_was_reduced_is_said(experiment_of: Any) -> None:
    plan = planned(experiment_of, 120, rates(2.0, 1.0, 1.0))
    steps = plan.asked.free_steps
    note = f"free steps 20 -> {steps}, steps of rung self 20 -> {steps} by comparison.budget_s=120"
    assert plan.reductions == note
    assert plan.noted("trajectory", [VERDICT])[0].tolerance_source == f"8 x the envelope; {note}"
    bare = VERDICT.model_copy(update={"tolerance_source": ""})
    assert plan.noted("self", [bare])[0].cause == f"steps of rung self 20 -> {steps} by comparison.budget_s=120"
    assert plan.noted("model", [VERDICT]) == [VERDICT]
    line = plan.in_words
    assert line.startswith(f"about {sum(plan.stated_s.values()):.0f} s here (trajectory ")
    assert f"more than comparison.budget_s=120; {note}: about {sum(plan.asked_s.values()):.0f} s" in line


def test_a_budget_too_small_for_a_rung(experiment_of: Any) -> None:
    plan = planned(experiment_of, 5, rates(20.0, 1.0, 1.0))
    assert "trajectory" in plan.asked.left_out
    assert plan.reductions.endswith("by comparison.budget_s=5")
    assert f"without {', '.join(plan.asked.left_out)}" in plan.reductions
    why = plan.why_left_out("trajectory")
    assert why.startswith("comparison.budget_s=5 leaves no time for it: it would take about ")
    assert why.endswith("comparison.budget_s=null is no limit")


def test_both_of_two_extents() -> None:
    few = STATED.model_copy(update={"free_steps": 6, "self_steps": 6, "left_out": ("self",)})
    other = STATED.model_copy(update={"forced_samples": 16, "left_out": ("step", "self")})
    both = Extent(free_steps=6, self_steps=6, forced_steps=3, forced_samples=16, left_out=("self", "step"))
    assert few.at_most(other) == both


def _small(experiment: Experiment, trains: bool = False) -> bool:
    samples, tested = experiment.data.counts
    steps, batch_size = experiment.training.steps(samples), experiment.training.batch_size
    extent = cost.stated(experiment, steps, batch_size, checkpoints.MOST * trains)
    return cost.is_small(experiment, extent, batch_size, tested * trains)


LARGE = {"mobilenet_small", "resnet8", "simple_convnet"}  # a machine may be too slow for all of these within a budget


@pytest.mark.parametrize("name", sorted(path.stem for path in CONF.glob("*.yaml")))
def test_only_the_largest_experiments_of_ours_need_a_plan(name: str) -> None:
    variants = compose_study([f"experiment={name}"]).variants
    are_small = all(_small(composed.experiment, trains) for composed in variants for trains in (False, True))
    assert are_small == (name not in LARGE)


def test_a_small_check_needs_no_plan_and_neither_does_one_without_a_budget(experiment_of: Any) -> None:
    large = {
        "model": {
            "input": {"shape": [28, 28, 1]},
            "layers": [
                {"kind": "conv2d", "filters": 64, "kernel_size": [9, 9], "kernel_initializer": "xavier_uniform"},
                "flatten",
                {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"},
            ],
        },
        "training": {"epochs": 4, "batch_size": 500},
    }
    assert _small(experiment_of())
    assert not _small(experiment_of(**large))
    assert _small(experiment_of(**large, comparison={"budget_s": None}))
    with pytest.raises(ValueError, match="no plan of cost"):
        cost.planned(experiment_of(**large, comparison={"budget_s": None}), STATED, rates(1.0), BATCH)
