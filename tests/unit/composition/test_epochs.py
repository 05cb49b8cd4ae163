"""Steps of schedules that are given in epochs."""

from __future__ import annotations

import pytest
from composing import experiment, mistake, mistakes

from harness.cli import main
from harness.spec.schedules import Exponential, PiecewiseConstant, Sequence


def test_an_epoch_is_as_long_as_the_training_makes_it() -> None:
    short, long = (experiment("schedule=step_decay", f"training.batch_size={size}").schedule for size in (100, 300))
    assert isinstance(short, Exponential)
    assert isinstance(long, Exponential)
    assert (short.decay_steps, long.decay_steps) == (5 * 40, 5 * 14)  # of 4,000 samples, the last batch short


def test_wherever_steps_are_counted() -> None:
    typed = "schedule={kind: sequence, milestones: ['2 epochs', 2.5 epochs], schedules: [{kind: linear_warmup, "
    typed += "target_rate: 1, warmup_steps: 1 epoch}, {kind: constant, rate: 1}, {kind: constant, rate: 2}]}"
    schedule = experiment(typed).schedule
    assert isinstance(schedule, Sequence)
    assert schedule.milestones == (40, 50)
    assert schedule.schedules[0].warmup_steps == 20  # type: ignore[attr-defined]


def test_of_a_suite_too() -> None:
    suite = "suite=[{kind: piecewise_constant, boundaries: [1 epoch, 30], values: [1, 2, 3], boundary: exclusive}]"
    (schedule,) = experiment(suite).suite
    assert isinstance(schedule, PiecewiseConstant)
    assert schedule.boundaries == (20, 30)


def test_a_step_is_an_update_of_several_batches() -> None:
    for counts, steps in (("updates", 5 * 20 // 4), ("batches", 5 * 20)):
        said = f"accumulation={{kind: mean, batches: 4, schedule_counts: {counts}}}"
        schedule = experiment("schedule=step_decay", said).schedule
        assert isinstance(schedule, Exponential)
        assert schedule.decay_steps == steps
    assert "are 33.3333 steps of 20/3 an epoch" in mistake(
        "schedule=step_decay", "accumulation={kind: mean, batches: 3}"
    )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "schedule.decay_steps=0.33 epochs",
            "schedule.decay_steps: 0.33 epochs are 6.6 steps of 20 an epoch, which is",
        ),
        ("schedule.decay_steps=5 epoch s", "schedule.decay_steps: given '5 epoch s'; allowed: a whole number > 0"),
        ("schedule.decay_steps=0 epochs", "schedule.decay_steps: given 0; allowed: a whole number > 0"),
    ],
)
def test_no_number_of_steps(typed: str, said: str) -> None:
    assert said in mistake("schedule=step_decay", typed)


def test_a_wrong_training_is_reported_alone() -> None:
    (said,) = mistakes("schedule=step_decay", "training.batch_size=0")
    assert said.startswith("training.batch_size: given 0")


def test_the_printed_config_has_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "schedule=step_decay", "--cfg", "job"]) == 0
    assert "decay_steps: 100  # 5 epochs of 20 steps\n" in capsys.readouterr().out
