"""A check of a pair keeps within its budget: fewer free steps, then fewer forced ones, then no trainings."""

import pytest

from harness.subjects.pair.budget import estimate, planned
from harness.subjects.pair.spec import Pair

ARMS = [
    {"adapter": name, "name": name, "mode": mode} for name, mode in (("mindspore", "pynative"), ("tensorflow", "eager"))
]
SECONDS = {"mindspore": {"float32": 1.0, "float64": 4.0}, "tensorflow": {"float32": 0.5, "float64": 0.5}}


def pair(budget_s, **changes):
    return Pair.model_validate(
        {
            "name": "own",
            "models": {name: {"builder": "m.py:f"} for name in SECONDS},
            "batches": "b.npz",
            "loss": {"kind": "mean_squared_error"},
            "optimizer": {"kind": "sgd"},
            "schedule": {"kind": "constant", "rate": 0.1},
            "steps": 20,
            "forced_steps": 3,
            "comparison": {"budget_s": budget_s},
            "arms": ARMS,
            **changes,
        }
    )


def test_the_estimate_is_that_of_the_slower_side():
    by_rung = estimate(pair(None), SECONDS)
    assert by_rung == {"self": 60.0, "model": 40.0, "step": 15.0, "trajectory": 100.0}
    assert estimate(pair(None, rungs=["model"]), SECONDS) == {"model": 40.0}
    assert list(estimate(pair(None, rungs=["trajectory"]), SECONDS)) == ["model", "step", "trajectory"]


@pytest.mark.parametrize(
    ("budget_s", "steps", "forced"),
    [(None, 20, 3), (226.0, 20, 3), (220.0, 19, 3), (100.0, 4, 3), (91.0, 3, 3), (85.0, 2, 2), (75.0, 2, 1)],
)
def test_steps_are_reduced_in_the_stated_order_and_no_further_than_needed(budget_s, steps, forced):
    plan = planned(pair(budget_s), SECONDS, spent_s=11.0)
    assert (plan.pair.steps, plan.pair.forced_steps) == (steps, forced)
    assert not plan.left_out
    is_whole = (steps, forced) == (20, 3)
    assert (
        plan.remarks == [] if is_whole else f"{steps} of 20 free steps; {forced} of 3 forced steps" in plan.remarks[0]
    )


def test_trainings_are_left_out_where_even_the_fewest_steps_take_too_long():
    plan = planned(pair(50.0), SECONDS, spent_s=11.0)
    assert plan.left_out == ("self", "step", "trajectory")
    assert plan.pair == plan.stated
    (verdict,) = plan.verdicts_on("step")
    assert verdict.status == "unverified"
    assert "comparison.budget_s=50; all of it would take 226 s by an estimate" in verdict.cause
