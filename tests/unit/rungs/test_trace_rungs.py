"""What the convergence and trajectory rungs make of traces."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_up_traces import FAILED_AS, arm, epoch, failure, trace

from harness.data import Dataset
from harness.judging.context import Context
from harness.plan import digest_arrays, draw_plan
from harness.records.trace import Trace
from harness.rungs import convergence, trajectory
from harness.spec import Experiment

Build = Callable[..., Experiment]


# --- Convergence -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("margin", "apart", "status"),
    [
        (0.003, 0, "agrees"),
        (0.003, 2, "agrees"),
        (0.003, 3, "agrees"),  # the margin itself, though 0.903 - 0.9 is above 0.003 in float64
        (0.003, 4, "diverges"),
        (0.0035, 3, "agrees"),
        (0.0036, 4, "diverges"),
        (0.5, 499, "agrees"),
    ],
)
def test_convergence_is_within_the_margin(experiment_of: Build, margin: float, apart: int, status: str) -> None:
    experiment = experiment_of(comparison={"accuracy_margin": margin})
    one, other = trace("one", accuracy=0.9, epochs=2), trace("other", accuracy=(900 - apart) / 1000, epochs=2)
    for a, b in ((one, other), (other, one)):
        (found,) = convergence.judge_traces(experiment, [a, b])
        assert (found.status, found.arm_a, found.arm_b) == (status, a.arm.name, b.arm.name)
        assert (found.value_a, found.value_b) == (a.epochs[-1].test_accuracy, b.epochs[-1].test_accuracy)
        assert (found.tolerance, found.worst_index) == (margin, "after epoch 1")
        assert found.cause.endswith("one seed gives no interval")
        assert ("points apart" in found.cause) == (status == "diverges")


def test_convergence_is_of_finished_trainings_scored_alike(experiment_of: Build) -> None:
    found = convergence.judge_traces(experiment_of(), [trace("a"), trace("b", scored=999)])
    assert [(each.status, each.cause) for each in found] == [
        ("diverges", "the arms scored different numbers of samples")
    ]
    for status in FAILED_AS:
        assert convergence.judge_traces(experiment_of(), [trace("a"), trace("b", status)]) == []
    three = [trace("a"), trace("b", "recorded"), trace("c", accuracy=0.4)]
    assert [(v.arm_a, v.arm_b, v.status) for v in convergence.judge_traces(experiment_of(), three)] == [
        ("a", "c", "diverges")
    ]


# --- Trajectory ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def context(experiment_of: Build, noise: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Four epochs of four steps, the first ten of which are judged in float32."""
    experiment = experiment_of(comparison={"free_steps": 10})
    return Context(experiment, draw_plan(experiment, len(noise.x_train)), noise, tmp_path_factory.mktemp("scratch"))


def curve(
    context: Context, name: str, steps: int = 16, failed: str = "", precision: Any = "float32", **off: float
) -> Trace:
    """What the reference itself would record; `step_5=0.1` puts 0.1 on the loss of step 5."""
    mine = arm(name, precision)
    adapter = context.oracle if precision == "float64" else context.in_float32(mine)
    losses = [float(loss) for loss in trajectory.free_run(context, adapter, 16)] + [0.5] * 4
    for at, much in off.items():
        losses[int(at.removeprefix("step_"))] += much
    records = tuple(epoch(start // 4, losses[start : min(start + 4, steps)]) for start in range(0, steps, 4))
    return Trace(
        arm=mine,
        epochs=records,
        finished=not failed,
        failure=failure(failed) if failed else None,
        plan_digest=context.plan.digest,
        initial_weights_digest=digest_arrays({k: w.astype(precision) for k, w in context.plan.weights.items()}),
    )


def test_whole_curves_agree(context: Context) -> None:
    (found,) = trajectory.judge_traces(context, [curve(context, "a"), curve(context, "b")])
    assert (found.status, found.subject, found.cause) == ("agrees", "train_loss, steps 0 to 9", "")
    (alone,) = trajectory.judge_traces(context, [curve(context, "a")])
    assert (alone.status, alone.arm_b) == ("agrees", "reference")
    assert trajectory.judge_traces(context, [Trace(arm=arm("a")), Trace(arm=arm("b"))]) == []


@pytest.mark.parametrize("much", [1e-3, -1e-3, math.nan, math.inf])
def test_one_step_off_diverges(context: Context, much: float) -> None:
    (found,) = trajectory.judge_traces(context, [curve(context, "a"), curve(context, "b", step_7=much)])
    assert (found.status, found.worst_index, found.nearer) == ("diverges", "step 7", "a")


@pytest.mark.parametrize("steps", [4, 12])
@pytest.mark.parametrize(("failed", "status"), [*((each, each) for each in FAILED_AS), ("", "crashed")])
def test_a_curve_that_was_cut_off_never_agrees(context: Context, failed: str, status: str, steps: int) -> None:
    whole, cut = curve(context, "a"), curve(context, "b", steps, failed)
    for pair in ([whole, cut], [cut, whole], [cut]):
        (found,) = trajectory.judge_traces(context, pair)
        assert (found.status, found.cause) == (status, f"b recorded {steps} of 16 steps")
        assert found.subject == f"train_loss, steps 0 to {min(steps, 10) - 1}"
    off = curve(context, "b", steps, failed, step_2=1e-3)
    assert trajectory.judge_traces(context, [whole, off])[0].status == "diverges"


def test_a_curve_that_is_too_long_never_agrees(context: Context) -> None:
    (found,) = trajectory.judge_traces(context, [curve(context, "a"), curve(context, "b", 20)])
    assert found.status != "agrees"
    assert "b recorded 20 of 16 steps" in found.cause


def test_a_third_curve_that_was_cut_off_does_not_shorten_the_others(context: Context) -> None:
    traces = [curve(context, "a"), curve(context, "b", step_7=1e-3), curve(context, "c", 4, "crashed")]
    found = {(each.arm_a, each.arm_b): each for each in trajectory.judge_traces(context, traces)}
    assert {pair: each.status for pair, each in found.items()} == {
        ("a", "b"): "diverges",
        ("a", "c"): "crashed",
        ("b", "c"): "crashed",
    }
    assert (found["a", "b"].subject, found["a", "b"].worst_index) == ("train_loss, steps 0 to 9", "step 7")


def test_curves_of_another_plan_are_not_compared(context: Context) -> None:
    mine, other = curve(context, "a"), curve(context, "b")
    for changed in (
        {"plan_digest": "f" * 64},
        {"initial_weights_digest": ""},
        {"plan_digest": "", "initial_weights_digest": "0"},
    ):
        stranger = other.model_copy(update=changed)
        found = trajectory.judge_traces(context, [mine, stranger])
        assert [(each.arm_a, each.status) for each in found] == [("b", "diverges")] * len(changed)
        assert all(each.cause.endswith("was sent") for each in found)


@pytest.mark.parametrize(("share", "status"), [(0.9, "agrees"), (1.1, "diverges")])
def test_two_float64_curves_are_held_to_the_strict_bound(context: Context, share: float, status: str) -> None:
    # Past the steps that are judged against the reference, so that only the strict verdict can see it.
    a = curve(context, "a", precision="float64")
    b = curve(context, "b", precision="float64", step_14=share * 1e-10 * a.losses[14])
    exact, free = trajectory.judge_traces(context, [a, b])
    assert (exact.status, exact.subject, exact.worst_index) == (
        status,
        "train_loss in float64, steps 0 to 15",
        "step 14",
    )
    assert (exact.value_reference, exact.nearer) == (None, "")
    assert exact.error_over_tolerance == pytest.approx(share, rel=1e-4)  # the losses are rounded at 1e-6 of the bound
    assert free.status == "agrees"
    cut = curve(context, "b", 12, "interrupted", "float64")
    assert [each.status for each in trajectory.judge_traces(context, [a, cut])] == ["interrupted"] * 2
    mixed = trajectory.judge_traces(context, [a, curve(context, "b")])
    assert [each.subject for each in mixed] == ["train_loss, steps 0 to 9"]
    assert np.isfinite(mixed[0].error_over_tolerance or math.nan)
