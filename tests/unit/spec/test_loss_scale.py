"""The factor of the loss in mixed precision, as an arm states it, and as its rule changes it."""

import pytest
from pydantic import ValidationError

from harness.spec.arm import Arm, scale_in_words
from harness.spec.loss_scale import DynamicLossScale

MIXED = {"name": "a", "adapter": "reference", "mode": "numpy", "precision": "mixed_float16"}


def arm(**fields):
    return Arm.model_validate({**MIXED, **fields})


def followed(rule, finite):
    """The factors before each step whose gradients are finite or not, and the one after the last."""
    scale, count, scales = rule.initial, 0, [rule.initial]
    for each in finite:
        scale, count = rule.after(scale, count, each)
        scales.append(scale)
    return scales


def test_weights_are_in_float32_and_layers_in_16_bits():
    """In mixed precision alone."""
    assert (arm().variable_dtype, arm().compute_dtype) == ("float32", "float16")
    assert arm(precision="mixed_bfloat16").compute_dtype == "bfloat16"
    assert [arm(precision=each).compute_dtype for each in ("float32", "float64")] == [None, None]


def test_a_factor_is_a_number_or_a_rule():
    """What is not said of a rule is the usual: from 2^16, doubled after 1,000 finite steps."""
    assert arm(loss_scale=1024).loss_scale == 1024.0
    rule = arm(loss_scale={"window": 500}).loss_scale
    assert rule == DynamicLossScale(initial=65536.0, factor=2.0, window=500)
    assert scale_in_words(rule) == "{initial: 65536, factor: 2, window: 500}"
    assert Arm.model_validate_json(arm(loss_scale=rule).model_dump_json()).loss_scale == rule


def test_an_arm_without_a_factor_does_not_speak_of_it():
    """So that an earlier twinrun reads it."""
    assert "loss_scale" not in arm().model_dump()


@pytest.mark.parametrize("wrong", [0.5, -1, 2.0**65, "large", {"initial": 0.5}, {"factor": 1}, {"window": 0}, {"w": 1}])
def test_a_factor_below_1_or_a_rule_that_does_not_grow_is_refused(wrong):
    with pytest.raises(ValidationError, match="loss_scale"):
        arm(loss_scale=wrong)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_where_nothing_underflows_there_is_no_factor(precision):
    """And the message says with which precisions there is one."""
    with pytest.raises(ValidationError, match="allowed with precision=mixed_float16 or mixed_bfloat16"):
        arm(precision=precision, loss_scale=1024)


def test_the_factor_is_halved_at_an_overflow_and_doubled_after_a_window_of_finite_steps():
    """An overflow begins the count anew."""
    rule = DynamicLossScale(initial=8, factor=2, window=3)
    finite = [True, True, False, True, True, True, True, False]
    assert followed(rule, finite) == [8, 8, 8, 4, 4, 4, 8, 8, 4]


def test_the_factor_stays_at_least_1_and_finite():
    """Halved at 1 it stays 1; doubled past the largest float32 number it stays."""
    assert followed(DynamicLossScale(initial=1.5), [False, False]) == [1.5, 1, 1]
    rule = DynamicLossScale(initial=2.0**64, factor=1024, window=1)
    assert followed(rule, [True] * 8)[-1] == 2.0**124
