"""What is said to have been judged, and what not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from made_up_traces import trace, verdict

from harness.judging.tolerances import STRICT_STEPS
from harness.records.verdict import Verdict
from harness.rungs.coverage import coverage
from harness.spec import Experiment

Build = Callable[..., Experiment]
BOTH = [trace("one"), trace("other")]


def said(rungs: Sequence[str], digests: bool = True) -> list[Verdict]:
    subject = {"subject": "free run: digests, steps 0 to 4"} if digests else {}
    return [verdict(rung=rung).model_copy(update=subject if rung == "trajectory" else {}) for rung in rungs]


@pytest.mark.parametrize(
    ("rungs", "trains", "changed", "judged", "left"),
    [
        (
            ["schedule", "trajectory", "evaluation", "convergence"],
            True,
            {},
            [
                "learning rates of all 300 steps",
                "losses of steps 0 to 19 of 300, every gradient and weight by digest",
                "test accuracy after the last epoch",
                "test loss, accuracy and predictions, from the final weights",
            ],
            ["losses of steps 20 to 299 of 300", "gradients and weights of steps 20 to 299 of 300"],
        ),
        (
            ["schedule"],
            False,
            {},
            ["learning rates of all 300 steps"],
            [
                "losses of all 300 steps",
                "gradients and weights of all 300 steps",
                "a whole training, since check makes none",
            ],
        ),
        (
            ["trajectory"],
            True,
            {"comparison": {"free_steps": 500}, "expected": [{"kind": "accuracy", "low": 0.9}]},
            ["losses of all 300 steps, every gradient and weight by digest"],
            [
                "learning rates of all 300 steps",
                "test accuracy after the last epoch",
                "what the experiment expects",
                "test loss, accuracy and predictions, from the final weights",
                "test losses of earlier epochs",
            ],
        ),
    ],
)
def test_parts(
    experiment_of: Build, rungs: list[str], trains: bool, changed: Any, judged: list[str], left: list[str]
) -> None:
    covered = coverage(experiment_of(**changed), 300, said(rungs), BOTH, trains)
    assert list(covered.judged) == judged
    assert list(covered.not_judged) == left
    assert covered.in_words == f"judged: {', '.join(judged)}; not judged: {', '.join(left)}"


def test_tensors_past_the_free_run_are_not_judged(experiment_of: Build) -> None:
    """The moving statistics of a layer are named where there are any; without digests no step's tensors are judged."""
    layers = ["flatten", "batch_norm", {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}]
    normalised = experiment_of(model={"input": {"shape": [28, 28, 1]}, "layers": layers})
    left = coverage(normalised, 300, said(["trajectory"]), BOTH, True).not_judged
    assert "gradients, weights and the state of layers of steps 20 to 299 of 300" in left
    left = coverage(normalised, 300, said(["trajectory"], digests=False), BOTH, True).not_judged
    assert "gradients, weights and the state of layers of all 300 steps" in left


def test_rungs_that_judge_no_training_are_named(experiment_of: Build) -> None:
    """Else a run that agrees on layers alone would say that nothing was judged."""
    assert coverage(experiment_of(), 300, said(["model", "layer"]), BOTH, False).judged == (
        "what is asked by rungs layer, model",
    )
    assert coverage(experiment_of(), 300, said(["self"]), BOTH, False).judged == ("what is asked by rung self",)


def test_rungs_that_were_not_asked_for(experiment_of: Build) -> None:
    covered = coverage(experiment_of(rungs=["schedule", "loss"]), 300, said(["schedule"]), BOTH, trains=False)
    assert any(part.startswith("rungs that were not asked for (self, applied-lr, ") for part in covered.not_judged)


@pytest.mark.parametrize(
    ("chosen", "trains", "last"),
    [(["loss"], True, "trajectory"), (["convergence"], True, "expected"), (["trajectory"], False, "step")],
)
def test_rungs_of_trainings_are_named_where_they_were_left_out(
    experiment_of: Build, chosen: list[str], trains: bool, last: str
) -> None:
    left = coverage(experiment_of(rungs=chosen), 300, [], BOTH, trains).not_judged
    (named,) = [part for part in left if part.startswith("rungs that were not asked for")]
    assert named.endswith(f", {last})")


def test_a_check_that_was_not_decided_has_judged_nothing(experiment_of: Build) -> None:
    undecided = [each.model_copy(update={"status": "crashed"}) for each in said(["schedule", "trajectory"])]
    assert coverage(experiment_of(), 300, undecided, BOTH, trains=True).judged == ()
    assert coverage(experiment_of(), 300, [], BOTH, trains=True).in_words.startswith("judged: nothing; not judged: ")


def test_float64_trainings_are_judged_for_longer(experiment_of: Build) -> None:
    arms = [{"name": name, "adapter": "reference", "mode": "numpy", "precision": "float64"} for name in ("a", "b")]
    covered = coverage(experiment_of(arms=arms), 2000, said(["trajectory"], digests=False), BOTH, trains=True)
    assert f"losses of steps 0 to {STRICT_STEPS - 1} of 2,000" in covered.judged


def test_test_losses_of_two_arms_are_no_judgement_by_the_reference(experiment_of: Build) -> None:
    traces = [trace("one", epochs=3), trace("other", epochs=3)]
    losses = verdict(rung="convergence").model_copy(update={"subject": "test_loss, epochs 0 to 2"})
    covered = coverage(experiment_of(), 300, [*said(["evaluation"]), losses], traces, True)
    assert covered.judged[-1] == "test_loss, epochs 0 to 2 of one arm against another"
    assert covered.not_judged[-1] == "test losses of earlier epochs by the reference"


def test_the_test_losses_of_earlier_epochs_are_not_judged(experiment_of: Build) -> None:
    traces = [trace("one", epochs=3), trace("other", epochs=3)]
    left = coverage(experiment_of(), 300, said(["evaluation"]), traces, True).not_judged
    assert left[-1] == "test losses of earlier epochs"
