"""Which arm is named where two final accuracies differ: by the reference's own scores, or by what was found before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from made_up_traces import trace as made_up
from made_up_traces import verdict as made_up_verdict

import adapters
from harness.data import Dataset
from harness.judging.context import Context
from harness.plan import draw_plan, draw_weights
from harness.records.trace import EpochRecord, Trace
from harness.records.verdict import Verdict
from harness.rungs import convergence
from harness.rungs.convergence_over_seeds import Paired, compare_seeds
from harness.rungs.rung import Trainings
from harness.spec import Arm, Experiment
from harness.system.array_files import Arrays

Build = Callable[..., Experiment]
NAMES = ("one", "other")
PERCENT = 0.05  # the share of one of the 20 test samples


@pytest.fixture
def context(experiment_of: Build, noise: Dataset) -> Context:
    experiment = experiment_of(seed=1)
    return Context(experiment, draw_plan(experiment, len(noise.x_train)), noise, Path())


def ended(context: Context, name: str, weights: Arrays, off: float = 0.0) -> Trace:
    """What an arm records that ends with these weights; its accuracy is `off` by so much."""
    arm = Arm(name=name, adapter="reference", mode="numpy", precision="float32", realisation="native")
    trainer = adapters.load(arm).trainer(context.experiment.recipe, weights, 1)
    score = trainer.evaluate(*context.test_set("float32"))
    assert score.accuracy is not None
    last = EpochRecord(
        epoch=0,
        losses=(1.0,),
        epoch_time_s=1.0,
        samples=10,
        test_loss=score.loss,
        test_accuracy=score.accuracy + off,
        samples_scored=score.samples,
        peak_rss_bytes=1,
    )
    return Trace(arm=arm, finished=True, epochs=(last,))


def other_weights(context: Context) -> Arrays:
    """Weights with which fewer test samples are right, or more."""
    here = ended(context, "one", context.plan.weights)
    for seed in range(20):
        weights = draw_weights(context.experiment.model, seed)
        if ended(context, "one", weights).epochs[-1].test_accuracy != here.epochs[-1].test_accuracy:
            return weights
    raise AssertionError("all weights score alike")


def found_wrong(culprit: str, rung: str = "trajectory") -> Verdict:
    changes = {"subject": "train_loss", "worst_index": "step 7", "culprit": culprit}
    return made_up_verdict("diverges", rung).model_copy(update=changes)


def judged(context: Context, traces: Sequence[Trace], weights: Mapping[str, Arrays], *earlier: Verdict) -> Verdict:
    (verdict,) = convergence.judge_trainings(Trainings(context, traces, weights, {}, verdicts=earlier))
    return verdict


def said(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.status, verdict.culprit, verdict.judgement


def test_an_arm_that_was_scored_wrongly_is_the_culprit(context: Context) -> None:
    weights = context.plan.weights
    for wrong in NAMES:
        traces = [ended(context, name, weights, PERCENT * (name == wrong)) for name in NAMES]
        verdict = judged(context, traces, dict.fromkeys(NAMES, weights))
        assert said(verdict) == ("diverges", wrong, "one wrong")
        accuracy = traces[0].epochs[-1].test_accuracy if wrong == "other" else traces[1].epochs[-1].test_accuracy
        assert accuracy is not None
        assert verdict.cause.startswith(
            f"5.00 points apart; {wrong} recorded {100 * (accuracy + PERCENT):.2f} %, "
            f"the reference scores {100 * accuracy:.2f} % from its final weights; "
        )


def test_both_may_be_scored_wrongly(context: Context) -> None:
    weights = context.plan.weights
    traces = [ended(context, name, weights, off) for name, off in zip(NAMES, (PERCENT, -PERCENT), strict=True)]
    assert said(judged(context, traces, dict.fromkeys(NAMES, weights))) == ("diverges", "one, other", "both wrong")


@pytest.mark.parametrize("off", [0.0, PERCENT], ids=["scored right", "scored wrongly"])
def test_of_other_weights_the_training_that_was_found_wrong_is_the_culprit(context: Context, off: float) -> None:
    """Also if the arm with the right training was scored wrongly: the weights would differ without that."""
    weights = {"one": context.plan.weights, "other": other_weights(context)}
    traces = [ended(context, name, weights[name]) for name in NAMES]
    further = 1 if traces[0].epochs[-1].test_accuracy > traces[1].epochs[-1].test_accuracy else -1  # type: ignore[operator]
    traces[0] = ended(context, "one", weights["one"], further * off)
    verdict = judged(context, traces, weights, found_wrong("other"))
    assert said(verdict) == ("diverges", "other", "one wrong")
    assert "; other is off the reference in rung trajectory, train_loss at step 7; " in verdict.cause


@pytest.mark.parametrize(
    "earlier",
    [[], [found_wrong("other", "activation")], [found_wrong("third")], [made_up_verdict("agrees", "trajectory")]],
    ids=["nothing", "a word", "a third arm", "an agreement"],
)
def test_nobody_is_named_of_whom_nothing_is_known(context: Context, earlier: Sequence[Verdict]) -> None:
    weights = {"one": context.plan.weights, "other": other_weights(context)}
    verdict = judged(context, [ended(context, name, weights[name]) for name in NAMES], weights, *earlier)
    assert said(verdict) == ("diverges", "", "undetermined")
    assert "; no rung has found one of the trainings wrong; " in verdict.cause


def test_without_final_weights_nobody_is_scored_again(context: Context) -> None:
    weights = context.plan.weights
    traces = [ended(context, name, weights, PERCENT * (name == "one")) for name in NAMES]
    strange = {"one": {"dense_9/kernel": weights["dense_1/kernel"]}}
    assert said(judged(context, traces, strange)) == ("diverges", "", "undetermined")
    (verdict,) = convergence.judge_traces(context.experiment, traces)
    assert said(verdict) == ("diverges", "", "undetermined")
    assert verdict.cause == "5.00 points apart; one seed gives no interval"


# --- Over seeds ------------------------------------------------------------------------------------------------------


def over_seeds(
    context: Context, traces_at: Mapping[int, Sequence[Trace]], weights: Mapping[str, Arrays], *earlier: Verdict
) -> Paired:
    def trainings(seed: int) -> Trainings:
        return Trainings(context, traces_at[seed], weights, {}, verdicts=earlier)

    (paired,) = compare_seeds(context.experiment, traces_at, "test_accuracy", trainings)
    return paired


def test_the_seed_at_which_an_arm_was_scored_wrongly_is_named(experiment_of: Build, context: Context) -> None:
    weights = context.plan.weights
    wrong = [ended(context, name, weights, 2 * PERCENT * (name == "one")) for name in NAMES]
    paired = over_seeds(context, dict.fromkeys((3, 4, 5, 6, 7, 8), wrong), dict.fromkeys(NAMES, weights))
    assert paired.status == "diverges"
    assert said(paired.verdict) == ("diverges", "one", "one wrong")
    assert "% from its final weights at seed 3" in paired.cause


def test_over_seeds_the_training_that_was_found_wrong_is_named(context: Context) -> None:
    traces = [made_up(name, accuracy=0.9 - 0.2 * (name == "other")) for name in NAMES]
    traces_at = dict.fromkeys(range(3), traces)
    assert said(over_seeds(context, traces_at, {}, found_wrong("other")).verdict)[1:] == ("other", "one wrong")
    assert said(over_seeds(context, traces_at, {}).verdict)[1:] == ("", "undetermined")


def test_a_mismatch_names_the_arm_that_left_samples_out(context: Context) -> None:
    traces_at: dict[int, Any] = {seed: [made_up(name) for name in NAMES] for seed in range(3)}
    traces_at[1][1] = made_up("other", scored=999)
    assert said(over_seeds(context, traces_at, {}).verdict) == ("diverges", "other", "one wrong")
    traces_at[1][1] = made_up("other").model_copy(update={"plan_digest": "f"})
    assert said(over_seeds(context, traces_at, {}, found_wrong("other")).verdict)[1:] == ("other", "one wrong")


def test_arms_that_do_not_differ_have_no_culprit(context: Context) -> None:
    traces_at = {seed: [made_up(name) for name in NAMES] for seed in range(30)}
    assert said(over_seeds(context, traces_at, {}, found_wrong("other")).verdict) == ("agrees", "", "")
