"""Keys where people of other frameworks first reach: the message says what is typed here, and that is accepted."""

from __future__ import annotations

import re

import pytest

from harness.composition import UserMistake
from harness.composition.pipeline import compose
from harness.composition.preflight import _spec_mistakes

# What is typed, what is said, and what is typed in its place.
REACHED = {
    "optimizer.lr=0.1": ("the rate belongs to the schedule, whose kind is constant here: ", ["schedule.rate=0.1"]),
    "optimizer.learning_rate=0.1": ("the rate belongs to the schedule", ["schedule.rate=0.1"]),
    "lr=0.1": ("the rate belongs to the schedule", ["schedule.rate=0.1"]),
    "learning_rate=0.1": ("the rate belongs to the schedule", ["schedule.rate=0.1"]),
    "schedule.lr=0.1": ("the rate belongs to the schedule", ["schedule.rate=0.1"]),
    "optimizer.weight_decay=0.01": ("the factor is typed ", ["weight_decay=decoupled", "weight_decay.factor=0.01"]),
    "weight_decay=0.01": ("the factor is typed ", ["weight_decay=decoupled", "weight_decay.factor=0.01"]),
    "accumulation=4": ("is typed ", ["accumulation=mean", "accumulation.batches=4"]),
    "optimizer.gradient_accumulation_steps=4": ("is typed ", ["accumulation=mean", "accumulation.batches=4"]),
    "training.accumulate_grad_batches=4": ("is typed ", ["accumulation=mean", "accumulation.batches=4"]),
    "averaging=0.9": ("is typed ", ["averaging=exponential", "averaging.decay=0.9"]),
    "optimizer.use_ema=true": ("is typed ", ["averaging=exponential", "averaging.decay=0.99"]),
    "optimizer.ema_momentum=0.9": ("is typed ", ["averaging=exponential", "averaging.decay=0.9"]),
    "optimizer.ema_overwrite_frequency=100": (
        "a word of its own",
        ["averaging=exponential", "averaging.overwrite_every=100"],
    ),
    "optimizer.lookahead=true": ("a word of its own", ["lookahead=slow_weights", "lookahead.steps=5"]),
    "loss.beta=0.5": (
        "is SmoothL1Loss(beta=0.5); huber with loss.delta=0.5 is 0.5 times",
        ["loss=smooth_l1", "loss.beta=0.5"],
    ),
    "optimizer.betas=[0.9,0.999]": ("they are two numbers", ["optimizer.beta1=0.9", "optimizer.beta2=0.999"]),
    "optimizer.nesterov=true": ("an optimizer of its own", ["optimizer=nesterov"]),
    "optimizer.clipnorm=1.0": ("a word of its own", ["clipping=by_norm", "clipping.bound=1.0"]),
    "optimizer.clipvalue=1.0": ("a word of its own", ["clipping=by_value", "clipping.bound=1.0"]),
    "optimizer.global_clipnorm=1.0": ("a word of its own", ["clipping=by_global_norm", "clipping.bound=1.0"]),
}


@pytest.mark.parametrize("typed", REACHED)
def test_what_is_typed_here_is_said_and_accepted(typed: str) -> None:
    told, instead = REACHED[typed]
    (mistake,) = mistakes_of("optimizer=adam", typed)
    assert told in mistake
    assert all(text in mistake for text in instead)
    assert compose(["optimizer=adam", *instead])


@pytest.mark.parametrize(
    ("schedule", "field"), [("cosine", "initial_rate"), ("cosine_min_max", "maximum"), ("linear_warmup", "target_rate")]
)
def test_the_rate_is_the_field_that_the_schedule_has(schedule: str, field: str) -> None:
    (mistake,) = mistakes_of(f"schedule={schedule}", "optimizer.lr=0.1")
    assert mistake.endswith(f"whose kind is {schedule} here: schedule.{field}=0.1")


def test_the_decay_of_an_optimizer_that_has_one_is_its_own() -> None:
    (mistake,) = mistakes_of("optimizer=adamw", "optimizer.weight_decay=0.1")
    assert mistake.endswith("; the decay of adamw is optimizer.factor=0.1")


@pytest.mark.parametrize(
    ("value", "told"),
    [("batchmean", "batchmean is loss.reduction=mean loss.classes=summed"), ("none", "a training needs one number")],
)
def test_reductions_of_other_names_are_told(value: str, told: str) -> None:
    (mistake,) = mistakes_of("loss=kl_divergence", f"loss.reduction={value}")
    assert re.search(rf"given '{value}'; allowed: mean, sum; {told}", mistake)


def mistakes_of(*typed: str) -> tuple[str, ...]:
    with pytest.raises(UserMistake) as raised:
        compose(list(typed))
    return raised.value.mistakes


def test_an_arms_own_spec_is_hinted_at_too() -> None:
    experiment = compose(["schedule=cosine"]).experiment
    arm = experiment.arms[0].model_copy(update={"spec": {"optimizer.lr": 0.1}})
    (mistake,) = _spec_mistakes(experiment, arm)
    assert mistake.endswith(
        "there is no 'lr'; the rate belongs to the schedule, whose kind is cosine here: schedule.initial_rate=0.1"
    )
