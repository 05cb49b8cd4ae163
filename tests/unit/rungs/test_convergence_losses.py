"""The test losses of two arms: after every epoch by a stated margin, and strictly in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from made_up_traces import FAILED_AS, arm, epoch, failure

from harness.judging.tolerances import STRICT_STEPS
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.rungs.convergence_losses import judge_losses
from harness.spec import Experiment

Build = Callable[..., Experiment]
STEPS = 100


def trained(name: str, losses: Sequence[float], precision: Any = "float32", status: str = "") -> Trace:
    """A training with these test losses, one for each epoch of `STEPS` updates."""
    records = [
        epoch(number, [1.0] * STEPS).model_copy(update={"test_loss": loss}) for number, loss in enumerate(losses)
    ]
    failed = failure(status) if status else None
    return Trace(arm=arm(name, precision), epochs=tuple(records), finished=not status, failure=failed)


def judged(experiment: Experiment, a: Trace, b: Trace) -> list[Verdict]:
    return judge_losses(experiment, [a, b])


def test_float32_arms_are_compared_only_by_a_stated_margin(experiment_of: Build) -> None:
    one, other = trained("one", [1.0, 0.5]), trained("other", [1.0, 5.0])
    assert judged(experiment_of(), one, other) == []
    (verdict,) = judged(experiment_of(comparison={"loss_margin": 0.05}), one, other)
    assert (verdict.status, verdict.subject) == ("diverges", "test_loss, epochs 0 to 1")


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("worst", [0, 1, 2])
@pytest.mark.parametrize(("share", "status"), [(0.049, "agrees"), (0.051, "diverges")])
def test_every_epoch_is_judged(experiment_of: Build, share: float, status: str, worst: int, sign: int) -> None:
    """By a share of the larger loss, whichever arm has it."""
    losses = [2.0, 1.0, 0.5]
    smaller = [loss * (1 - share * (number == worst)) for number, loss in enumerate(losses)]
    a, b = (trained("a", losses), trained("b", smaller))[::sign]
    (verdict,) = judged(experiment_of(comparison={"loss_margin": 0.05}), a, b)
    assert (verdict.status, verdict.worst_index) == (status, f"after epoch {worst}")
    assert verdict.tolerance == pytest.approx(0.05 * losses[worst])
    assert verdict.error_over_tolerance == pytest.approx(share / 0.05)


def test_the_first_epoch_that_diverges_is_named(experiment_of: Build) -> None:
    a, b = trained("a", [1.0, 1.0, 1.0]), trained("b", [1.0, 1.2, 9.0])
    (verdict,) = judged(experiment_of(comparison={"loss_margin": 0.05}), a, b)
    assert (verdict.worst_index, verdict.value_a, verdict.value_b) == ("after epoch 1", 1.0, 1.2)
    assert verdict.cause == "a and b are 0.2 apart"
    assert (verdict.culprit, verdict.judgement) == ("", "undetermined")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_loss_that_is_no_number_is_not_within_a_margin(experiment_of: Build, wrong: float) -> None:
    experiment = experiment_of(comparison={"loss_margin": 0.05})
    (verdict,) = judged(experiment, trained("a", [1.0, 1.0]), trained("b", [1.0, wrong]))
    assert (verdict.status, verdict.worst_index) == ("diverges", "after epoch 1")
    (verdict,) = judged(experiment, trained("a", [1.0, wrong]), trained("b", [1.0, wrong]))
    assert verdict.status == "agrees"


@pytest.mark.parametrize(("off", "status"), [(0.9e-10, "agrees"), (1.1e-10, "diverges")])
def test_float64_arms_are_compared_strictly(experiment_of: Build, off: float, status: str) -> None:
    """Over the epochs that end within the steps of the strict bound, and no further."""
    within = STRICT_STEPS // STEPS
    losses = np.ones(within + 2)
    changed = losses.copy()
    changed[within - 1] += off
    changed[within:] = 2.0
    a, b = trained("a", list(losses), "float64"), trained("b", list(changed), "float64")
    (verdict,) = judged(experiment_of(), a, b)
    assert (verdict.status, verdict.subject) == (status, f"test_loss in float64, epochs 0 to {within - 1}")
    assert judged(experiment_of(), a, trained("b", list(changed))) == []


@pytest.mark.parametrize("status", FAILED_AS)
def test_trainings_that_did_not_finish_are_not_compared(experiment_of: Build, status: str) -> None:
    experiment = experiment_of(comparison={"loss_margin": 0.05})
    assert judged(experiment, trained("a", [1.0]), trained("b", [9.0], status=status)) == []
