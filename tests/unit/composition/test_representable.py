"""What counts as a number, and which numbers an arm can hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from composing import experiment, mistake

from harness.composition.representable import unrepresentable
from harness.spec import Experiment
from harness.spec.changes import changed
from harness.spec.layers import Conv2d
from harness.spec.parameters import Mask


def told(composed: Experiment) -> list[str]:
    return unrepresentable((arm, changed(composed, arm.spec)) for arm in composed.arms)


@pytest.mark.parametrize(
    "override",
    [
        "schedule.rate=true",
        "training.epochs=true",
        "training.max_steps=false",
        "seed=true",
        "seeds=true",
        "seeds=[true]",
        "optimizer.beta1=true",
        "comparison.accuracy_margin=true",
        "arms.0.threads=true",
        "arm.timeout_s=true",
        "data.test_size=true",
        "data.augmentation={shift: true}",
        "data.augmentation={rotate: true}",
        "model.layers.1.units=true",
        "model.input.shape=[28,28,true]",
        "suite=[{kind: constant, rate: true}]",
        "suite=[{kind: piecewise_constant, boundary: inclusive, boundaries: [1,true], values: [1,2,3]}]",
        "suite=[{kind: piecewise_constant, boundary: inclusive, boundaries: [1,2], values: [1,2,true]}]",
        "expected=[{kind: test_loss, low: true}]",
    ],
)
def test_a_boolean_is_no_number(override: str) -> None:
    assert "given true" in mistake(override).replace("[True]", "true").replace("false", "true")


@pytest.mark.parametrize("value", ["0", "1", "2", "1.0", "'1'", "null", "[]"])
def test_a_number_is_no_boolean(value: str) -> None:
    assert mistake(f"training.digests={value}").endswith("allowed: true or false")


@pytest.mark.parametrize(("value", "digests"), [("true", True), ("'false'", False), ("yes", True)])
def test_text_is_read_as_a_boolean_for_the_environment_holds_no_other(value: str, digests: bool) -> None:
    assert experiment(f"training.digests={value}").training.digests is digests


def test_text_is_read_as_a_number_for_the_environment_holds_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINRUN_ODD", "12")
    assert experiment("seed=${oc.env:TWINRUN_ODD}").seed == 12
    assert experiment("training.max_steps=1e3").training.max_steps == 1000


@pytest.mark.parametrize(
    ("override", "most"),
    [
        ("seed=9223372036854775808", 2**63 - 1),
        ("seed='9223372036854775808'", 2**63 - 1),
        ("training.epochs=2147483648", 2**31 - 1),
        ("model.layers.1.units=2147483648", 2**31 - 1),
        ("suite=[{kind: cosine, initial_rate: 1, decay_steps: 2147483648}]", 2**31 - 1),
    ],
)
def test_whole_numbers_beyond_what_holds_them(override: str, most: int) -> None:
    assert str(most) in mistake(override)


def test_limits_that_nobody_meets_are_not_told() -> None:
    assert mistake("training.epochs=0") == "training.epochs: given 0; allowed: a whole number > 0"


@pytest.mark.parametrize(
    ("overrides", "path"),
    [
        (["regularizer=l1", "regularizer.l1=1e308"], "regularizer.l1"),
        (["schedule.rate=1e39"], "schedule.rate"),
        (["optimizer.epsilon=1e-60"], "optimizer.epsilon"),
        (["clipping=by_norm", "clipping.bound=1e300"], "clipping.bound"),
        (["weight_decay=decoupled", "weight_decay.factor=1e-300"], "weight_decay.factor"),
        (["loss=huber", "loss.delta=1e100"], "loss.delta"),
        (["model.layers.1.activation={kind: elu, alpha: 1e100}"], "model.layers.1.activation.alpha"),
        (
            ["model.layers.1.kernel_initializer={kind: constant, value: -1e39}"],
            "model.layers.1.kernel_initializer.value",
        ),
        (["expected=[{kind: test_loss, high: 1e200}]"], "expected.0.high"),
        (
            ["suite=[{kind: piecewise_constant, boundary: inclusive, boundaries: [1], values: [1, 1e-46]}]"],
            "suite.0.values.1",
        ),
        (["arms=[tensorflow, {use: mindspore, spec: {schedule.rate: 1e308}}]"], "schedule.rate"),
    ],
)
def test_a_number_that_float32_cannot_hold(overrides: list[str], path: str) -> None:
    (found,) = told(experiment(*overrides))
    assert found.startswith(f"{path}: given ")
    assert "which float32 cannot hold" in found
    arms = "mindspore" if any("arms=" in text for text in overrides) else "mindspore, tensorflow"
    assert found.endswith(f"(arm {arms})")


def test_float64_holds_it() -> None:
    assert told(experiment("schedule.rate=1e39", "arm.precision=float64")) == []


def test_sizes_of_a_training_are_no_numbers_of_an_arm(experiment_of: Callable[..., Experiment]) -> None:
    assert told(experiment_of(comparison={"accuracy_margin": 1e-60})) == []


def test_specs_made_in_python_tell_them_apart_too() -> None:
    with pytest.raises(ValueError, match="drop_rate"):
        Mask(name="a", shape=(1,), drop_rate=False)
    with pytest.raises(ValueError, match="kernel_size"):
        Conv2d(filters=1, kernel_size=(True, 1), kernel_initializer="zeros")  # type: ignore[arg-type]
