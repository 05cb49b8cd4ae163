"""The rung `applied-lr`: both frameworks apply the rate of the step, and an arm that did not is found out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rungs import ARMS, Climbed, diverging

from adapters.reference.schedules import oracle
from harness.rungs import applied_lr

RUNG = "applied-lr"


def steps_of(climbed: Climbed) -> Any:
    return applied_lr.probes(climbed.context)


def found_out(climbed: Climbed, arm: str, moved: Any) -> Any:
    """The one verdict on answers in which `arm` moved its weights so; it must name that arm and no other."""
    (verdict,) = climbed.judge(RUNG, climbed.altered(RUNG, arm, moved=moved))
    assert verdict.rung == RUNG
    assert verdict.status == "diverges"
    (other,) = set(ARMS) - {arm}
    assert f"{arm} is off by" in verdict.cause
    assert other not in verdict.cause
    return verdict


def test_both_frameworks_apply_the_rate(climbed: Climbed) -> None:
    (verdict,) = climbed.judge(RUNG)
    assert (verdict.arm_a, verdict.arm_b) == ARMS
    assert verdict.status == "agrees"
    assert verdict.subject == "inverse_time, applied by momentum rate_outside"
    assert f"{np.float32().dtype}" in verdict.tolerance_source


def test_every_early_step_and_every_boundary_is_probed(climbed: Climbed) -> None:
    steps = steps_of(climbed)
    assert set(range(applied_lr.EVERY_STEP_UP_TO)) <= set(steps.tolist())
    last = climbed.context.plan.steps - 1
    assert steps[-1] == last > applied_lr.EVERY_STEP_UP_TO
    assert np.all(np.diff(steps) > 0)


@pytest.mark.parametrize("arm", ARMS)
def test_what_was_recovered_is_the_rate(climbed: Climbed, arm: str) -> None:
    """Independently of the judge: a first unit gradient moves a weight by the rate of its step."""
    steps = steps_of(climbed)
    rates = 0.1 / (1 + 0.5 * steps / 10)
    moved = climbed.answers[RUNG][arm].arrays["moved"]
    np.testing.assert_allclose(-moved, rates, rtol=8 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("probe", [0, 1, 100, -1])
def test_one_rate_off_by_a_ten_thousandth(climbed: Climbed, arm: str, probe: int) -> None:
    moved = climbed.answers[RUNG][arm].arrays["moved"].copy()
    moved[probe] *= 1.0001
    verdict = found_out(climbed, arm, moved)
    assert verdict.worst_index == f"step {steps_of(climbed)[probe]}"
    assert verdict.nearer == next(name for name in ARMS if name != arm)
    assert verdict.value_reference == pytest.approx(
        oracle(climbed.context.experiment.schedule, steps_of(climbed))[probe]
    )


def applied(climbed: Climbed, at: Any) -> Any:
    """What would be moved if the rate of step `at[t]` were applied at step t."""
    return -oracle(climbed.context.experiment.schedule, at)


FAULTS = {
    "a step late": lambda steps: np.maximum(steps - 1, 0),
    "a step early": lambda steps: steps + 1,
    "a step late once": lambda steps: np.where(steps == 20, 19, steps),
    "never changing": lambda steps: 0 * steps,
    "by epoch instead of by step": lambda steps: steps - steps % 125,
    "starting again each epoch": lambda steps: steps % 125,
    "two steps at a time": lambda steps: 2 * steps,
}


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_rate_of_another_step(climbed: Climbed, arm: str, fault: str) -> None:
    steps = steps_of(climbed)
    found_out(climbed, arm, applied(climbed, FAULTS[fault](steps)).astype(np.float32))


def test_the_faults_above_are_faults_only_by_the_step(climbed: Climbed) -> None:
    """The same construction with the right step agrees."""
    steps = steps_of(climbed)
    right = applied(climbed, steps).astype(np.float32)
    (verdict,) = climbed.judge(RUNG, climbed.altered(RUNG, "mindspore", moved=right))
    assert verdict.status == "agrees"


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0])
def test_a_rate_that_is_no_number_or_none(climbed: Climbed, arm: str, value: float) -> None:
    moved = climbed.answers[RUNG][arm].arrays["moved"].copy()
    moved[7] = value
    assert found_out(climbed, arm, moved).worst_index == "step 7"


@pytest.mark.parametrize("arm", ARMS)
def test_the_wrong_sign(climbed: Climbed, arm: str) -> None:
    found_out(climbed, arm, -climbed.answers[RUNG][arm].arrays["moved"])


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("count", [-1, 1, 0])
def test_fewer_steps_than_were_asked_for(climbed: Climbed, arm: str, count: int) -> None:
    """Nothing is cut to the shorter, and one number does not stand for all."""
    moved = climbed.answers[RUNG][arm].arrays["moved"][:count]
    (verdict,) = climbed.judge(RUNG, climbed.altered(RUNG, arm, moved=moved))
    assert verdict.status == "diverges"
    assert f"{arm} has shape" in verdict.cause


def test_two_arms_that_err_alike(climbed: Climbed) -> None:
    """The reference says what is right: two arms that agree with one another are not thereby right."""
    steps = steps_of(climbed)
    late = applied(climbed, np.maximum(steps - 1, 0)).astype(np.float32)
    answers = climbed.altered(RUNG, "mindspore", moved=late)
    answers |= {"tensorflow": climbed.altered(RUNG, "tensorflow", moved=late)["tensorflow"]}
    (verdict,) = diverging(climbed.judge(RUNG, answers))
    assert all(f"{arm} is off by" in verdict.cause for arm in ARMS)
    assert verdict.nearer == "both alike"
