"""Each known form is planted on one side: the climb names it, and says and proves what would make the sides equal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from in_process import InProcess, arm, climb, context_of, laid_out

from harness.diagnosis.proof import supported
from harness.records.failure import Failure, WorkerFailedError
from harness.records.verdict import Verdict
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.worker.task import Task

DENSE = {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}
CONVOLUTION = {"kind": "conv2d", "filters": 2, "kernel_size": [3, 3], "kernel_initializer": "xavier_uniform"}
STATED: dict[str, Any] = {
    "model": {"input": {"shape": [28, 28, 1]}, "layers": ["flatten", DENSE]},
    "loss": "softmax_cross_entropy",
    "optimizer": "sgd",
    "schedule": {"kind": "constant", "rate": 0.01},
    "training": {"epochs": 1, "batch_size": 8, "max_steps": 8},
    "rungs": ["schedule", "applied-lr", "layer", "optimizer"],
}
IMAGES = {
    **STATED["model"],
    "layers": [{**CONVOLUTION, "strides": [2, 2], "padding": "same"}, "batch_norm", "flatten", DENSE],
}
STEPS = {"kind": "piecewise_constant", "boundaries": [3, 5], "values": [0.1, 0.01, 0.001], "boundary": "inclusive"}

# What the experiment says, what the port has in place of it, the rung, the cause, and what is advised to each side.
PLANTED = {
    "momentum form": (
        {
            "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_inside"},
            "schedule": {"kind": "exponential", "initial_rate": 0.1, "decay_rate": 0.5, "decay_steps": 3},
        },
        {"optimizer.form": "rate_outside"},
        "optimizer",
        "rate_inside",
    ),
    "boundary": ({"schedule": STEPS}, {"schedule.boundary": "exclusive"}, "schedule", "inclusive"),
    "epsilon place": (
        {"optimizer": "rmsprop"},
        {"optimizer.epsilon_place": "outside_root"},
        "optimizer",
        "inside_root",
    ),
    "coupled for decoupled decay": (
        {"weight_decay": {"kind": "decoupled", "factor": 0.05}, "optimizer": "adam"},
        {"weight_decay.kind": "coupled"},
        "optimizer",
        "decoupled",
    ),
    "bias correction": ({"optimizer": "adam"}, {"optimizer.bias_correction": False}, "applied-lr", "true"),
    "layout": ({"model": IMAGES}, {"model.layers.2.order": "channels_first"}, "layer", "channels_last"),
    "padding": ({"model": IMAGES}, {"model.layers.0.padding": "same_lower"}, "layer", "same"),
    "batch normalisation's momentum convention": (
        {"model": IMAGES},
        {"model.layers.1.momentum": 0.01},
        "layer",
        "0.99",
    ),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("form", PLANTED)
def test_a_planted_form_is_named_and_mended_on_either_side(tmp_path: Path, form: str) -> None:
    said, given, rung, usual = PLANTED[form]
    first = _first(tmp_path, said, {"port": given, "other": {}})
    ((path, value),) = given.items()
    shown = str(value).lower() if isinstance(value, bool) else value
    assert (first.rung, first.culprit) == (rung, "port")
    assert first.cause == f"{form} (port computes {path}: {shown}, the spec says {usual})"
    ways = first.advice.split(", or ")
    assert [way.partition(" (rung run again with it: agrees, worst ")[0] for way in ways] == [
        f"other with {path}: {shown}",
        f"port with {path}: {usual}",
    ]


def test_two_forms_on_one_side_are_told_apart(tmp_path: Path) -> None:
    given = {"model.layers.1.momentum": 0.01, "model.layers.2.order": "channels_first"}
    first = _first(tmp_path, {"model": IMAGES}, {"port": given, "other": {}})
    assert "layout" in first.cause
    assert "batch normalisation's momentum convention" in first.cause
    assert "other with" in first.advice
    assert all(f"{path}: {value}" in first.advice for path, value in given.items())


def test_where_both_are_wrong_alike_the_experiment_is_what_would_change(tmp_path: Path) -> None:
    given = {"schedule.boundary": "exclusive"}
    first = _first(tmp_path, {"schedule": STEPS}, {"port": given, "other": given})
    assert first.judgement == "both wrong"
    assert first.advice.startswith("the experiment with schedule.boundary: exclusive (judged again with it: agrees")
    assert "port with schedule.boundary: inclusive (" in first.advice
    assert " and other with schedule.boundary: inclusive (" in first.advice


def test_a_schedule_that_is_one_step_late_is_named(tmp_path: Path) -> None:
    late = {"kind": "warmup_then", "warmup_steps": 1, "start_rate": 0.1, "then": STEPS}
    first = _first(tmp_path, {"schedule": STEPS}, {"port": {"schedule": late}, "other": {}})
    assert first.cause.startswith(("boundary (", "rate of the previous step ("))
    assert first.advice.startswith("other with schedule")


def test_a_fault_of_the_arm_itself_is_mended_by_the_opposite(tmp_path: Path) -> None:
    class Swapping(InProcess):
        """Takes one form of momentum for the other, whatever it is given."""

        def ask(self, task: Task, changes: Any = None, **payload: Any) -> Any:
            given = (changes or {}).get("optimizer.form", "rate_inside")
            swapped = {"optimizer.form": "rate_outside" if given == "rate_inside" else "rate_inside"}
            return super().ask(task, {**(changes or {}), **(swapped if self.arm.name == "port" else {})}, **payload)

    said = {**PLANTED["momentum form"][0], "rungs": ["optimizer"]}
    verdicts, _ = climb(context_of({**STATED, **said}, tmp_path, {"port": {}, "other": {}}), Swapping)
    (first,) = (verdict for verdict in verdicts if verdict.advice)
    ways = [way.partition(" (")[0] for way in first.advice.split(", or ")]
    assert ways == ["other with optimizer.form: rate_outside", "port with optimizer.form: rate_outside"]


def test_an_arm_that_fails_when_asked_again_is_told_of(tmp_path: Path) -> None:
    class Failing(InProcess):
        def ask(self, task: Task, changes: Any = None, **payload: Any) -> Any:
            if changes and self.arm.name == "other":
                raise WorkerFailedError(Failure(symptom="exception", stage=task.name, message="out of luck"))
            return super().ask(task, changes, **payload)

    context = context_of(
        {**STATED, "schedule": STEPS}, tmp_path, {"port": {"schedule.boundary": "exclusive"}, "other": {}}
    )
    verdicts, _ = climb(context, Failing)
    (first,) = (verdict for verdict in verdicts if verdict.advice)
    assert first.cause.startswith("boundary (")
    assert "other failed when asked again: " in first.cause
    assert "out of luck" in first.cause
    assert first.advice.startswith("port with schedule.boundary: inclusive (")


OTHER_VALUES = {"schedule.values": [0.1, 0.03, 0.001]}


def test_what_is_no_known_form_has_no_advice(tmp_path: Path) -> None:
    other = {"schedule": {"kind": "constant", "rate": 0.03}}
    first = _first_of_faulty(tmp_path, {"schedule": STEPS}, other)
    assert first.culprit == "port"
    assert first.advice == ""
    assert first.cause == "port is off by 0.029"


def test_the_arms_own_spec_is_the_cause_though_no_known_form_is(tmp_path: Path) -> None:
    first = _first(tmp_path, {"schedule": STEPS}, {"port": OTHER_VALUES, "other": {}})
    assert first.cause == (
        "the arm's own spec (port computes schedule.values: [0.1, 0.03, 0.001], the spec says [0.1, 0.01, 0.001])"
    )
    ways = [way.partition(" (rung run again with it: agrees")[0] for way in first.advice.split(", or ")]
    assert ways == ["other with schedule.values: [0.1, 0.03, 0.001]", "port with schedule.values: [0.1, 0.01, 0.001]"]


def test_only_that_of_the_arms_changes_is_named_which_is_the_cause(tmp_path: Path) -> None:
    own = {"optimizer.momentum": 0.8, **OTHER_VALUES, "loss.label_smoothing": 0.1}
    momentum = PLANTED["momentum form"][0]["optimizer"]
    first = _first(tmp_path, {"schedule": STEPS, "optimizer": momentum}, {"port": own, "other": {}})
    assert first.rung == "schedule"
    assert first.cause.startswith("the arm's own spec (port computes schedule.values: ")
    assert "momentum" not in first.cause


def test_several_of_the_arms_changes_are_named_together(tmp_path: Path) -> None:
    own = {"schedule.values": [0.1, 0.03, 0.001], "schedule.boundaries": [3, 6]}
    first = _first(tmp_path, {"schedule": STEPS}, {"port": own, "other": {}})
    assert first.cause == (
        "the arm's own spec (port computes schedule.values: [0.1, 0.03, 0.001], schedule.boundaries: [3, 6], "
        "the spec says [0.1, 0.01, 0.001], [3, 5])"
    )


def test_an_own_spec_that_is_not_the_whole_cause_is_told_of(tmp_path: Path) -> None:
    faulty = {"schedule.boundaries": [2, 4, 6], "schedule.values": [0.1, 0.03, 0.02, 0.001]}
    first = _first_of_faulty(tmp_path, {"schedule": STEPS}, faulty, own={"schedule.values": [0.1, 0.03, 0.001]})
    assert first.cause == (
        "port is off by 0.019; the arm's own spec (port computes schedule.values: [0.1, 0.03, 0.001], "
        "the spec says [0.1, 0.01, 0.001]) does not explain it"
    )
    assert first.advice == ""


def test_an_own_spec_with_arrays_of_other_shapes_is_told_of(tmp_path: Path) -> None:
    pooled = {**STATED["model"], "layers": [{**CONVOLUTION, "padding": "valid"}, "global_average_pool2d", DENSE]}
    own = {"model.layers.0.padding": "same"}
    first = _first(tmp_path, {"model": pooled, "rungs": ["model"]}, {"port": own, "other": {}})
    assert (first.rung, first.culprit) == ("model", "port")
    assert first.cause.endswith(
        "; the arm's own spec (port computes model.layers.0.padding: same, the spec says valid) "
        "has arrays of other shapes"
    )


@pytest.mark.parametrize("port", ["a", "z"])
def test_of_two_float64_arms_that_with_a_spec_of_its_own_is_suspected(tmp_path: Path, port: str) -> None:
    momentum = PLANTED["momentum form"][0]["optimizer"]
    said = {**STATED, "optimizer": momentum, "rungs": ["trajectory"], "comparison": {"free_steps": 4}}
    specs = {port: {"optimizer.momentum": 0.89}, "m": {}}
    arms = [arm(name, specs[name], precision="float64") for name in sorted(specs)]
    experiment = Experiment.model_validate({"name": "float64", "data": "mnist5k", **said, "arms": arms})
    first = climb(laid_out(experiment, tmp_path))[0][0]
    assert first.status == "diverges"
    assert f"the arm's own spec ({port} computes optimizer.momentum: 0.89, the spec says 0.9)" in first.cause
    assert first.advice.startswith("m with optimizer.momentum: 0.89 (")


def test_a_whole_word_of_the_arms_own_is_named(tmp_path: Path) -> None:
    own = {"optimizer": {"kind": "momentum", "momentum": 0.5, "form": "rate_outside"}}
    first = _first(tmp_path, {"rungs": ["optimizer"]}, {"port": own, "other": {}})
    assert first.cause.startswith("the arm's own spec (port computes optimizer: {kind: momentum")
    assert first.cause.endswith(", the spec says {kind: sgd})")


@pytest.mark.parametrize("exponent", [-15, -6])
def test_an_error_in_one_element_is_taken_for_no_form(tmp_path: Path, exponent: int) -> None:
    class Off(InProcess):
        def ask(self, task: Task, **payload: Any) -> Any:
            result, arrays = super().ask(task, **payload)
            if self.arm.name == "port":
                for values in (value for name, value in arrays.items() if "after 100/" in name):
                    values.flat[0] *= 1 + 2.0**exponent
            return result, arrays

    said = {**PLANTED["momentum form"][0], "rungs": ["optimizer"]}
    verdicts, _ = climb(context_of({**STATED, **said}, tmp_path, {"port": {}, "other": {}}), Off)
    assert [verdict.advice for verdict in verdicts] == [""] * len(verdicts)
    assert "port" in {verdict.culprit for verdict in verdicts}


def test_a_form_that_no_spec_says_is_named_without_advice(tmp_path: Path) -> None:
    dropping = {**STATED["model"], "layers": [{"kind": "dropout", "rate": 0.25}, "flatten", DENSE]}
    first = _first_of_faulty(tmp_path, {"model": dropping}, {"model.layers.0.rate": 0.0})
    assert first.cause.startswith("rescaling of dropout (")
    assert first.advice == ""


def test_the_arms_are_asked_again_a_few_times_at_most(tmp_path: Path) -> None:
    said, given, _, _ = PLANTED["padding"]
    context = context_of({**STATED, **said, "rungs": ["layer"]}, tmp_path, {"port": given, "other": {}})
    _, workers = climb(context)
    assert [worker.asked for worker in workers] == [2, 2]  # the rung's question, and the proof


@pytest.mark.sampled(3)
@pytest.mark.parametrize("rung", ["model", "step", "loss", "clipping"])
def test_the_higher_rungs_and_the_others_are_explained_too(tmp_path: Path, rung: str) -> None:
    said: dict[str, Any] = {
        "regularizer": {"kind": "l2", "l2": 0.01},
        "clipping": {"kind": "by_norm", "bound": 0.01},
        "rungs": [rung],
    }
    given = {
        "loss": {"regularizer.l2": 0.005},
        "model": {"regularizer.l2": 0.005},
        "clipping": {"clipping.kind": "by_global_norm"},
        "step": {"clipping.kind": "by_global_norm"},
    }[rung]
    first = _first(tmp_path, said, {"port": given, "other": {}})
    ((path, value),) = given.items()
    assert first.rung == rung
    assert first.advice.startswith(f"other with {path}: {value} (rung run again with it: agrees")


def _first(scratch: Path, said: Mapping[str, Any], specs: Mapping[str, Mapping[str, Any]]) -> Verdict:
    """The first divergence of two arms."""
    verdicts, _ = climb(context_of({**STATED, **said}, scratch, specs))
    return next(verdict for verdict in verdicts if verdict.status == "diverges" and verdict.arm_b == "other")


def _first_of_faulty(
    scratch: Path, said: Mapping[str, Any], faulty: Mapping[str, Any], own: Mapping[str, Any] | None = None
) -> Verdict:
    """The first divergence of two arms, one of which has a fault that its `own` spec does not tell of."""

    class Faulty(InProcess):
        def ask(self, task: Task, changes: Any = None, **payload: Any) -> Any:
            return super().ask(task, {**(changes or {}), **(faulty if self.arm.name == "port" else {})}, **payload)

    verdicts, _ = climb(context_of({**STATED, **said}, scratch, {"port": own or {}, "other": {}}), Faulty)
    return next(verdict for verdict in verdicts if verdict.status == "diverges" and verdict.arm_b == "other")


def test_an_arm_is_not_asked_for_what_it_cannot_make(tmp_path: Path) -> None:
    context = context_of({**STATED, "model": IMAGES}, tmp_path, {"port": {}})
    changes = {"model.layers.0.padding": "same_lower"}
    tensorflow = Arm(name="tensorflow", adapter="tensorflow", mode="graph", layout="channels_first")
    assert supported(context, tensorflow, changes)
    assert not supported(context, tensorflow.model_copy(update={"precision": "float64"}), changes)
    assert not supported(context, tensorflow, {"model.layers.0.padding": "valid"})  # the parameters would be others
