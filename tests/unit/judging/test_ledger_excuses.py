"""Verdicts that the ledger excuses: words, what is computed with them, and entries that are stale."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data import Dataset
from harness.judging.cases import Arrays, answer
from harness.judging.context import Answer, Context
from harness.judging.ledger_excuses import propagated
from harness.ledger import Entry, loading
from harness.plan import digest_arrays, draw_plan
from harness.records.trace import EpochRecord, Trace
from harness.records.verdict import Verdict
from harness.rungs import activation, model, step, trajectory
from harness.spec import Experiment
from harness.spec.activations import Sigmoid, Tanh
from harness.spec.arm import Arm
from harness.spec.words_within import words_within

BOUND = 2.0**-11
ENTRY = Entry(
    id="mindspore-tanh-test",
    framework="mindspore",
    kind="inaccurate",
    family="activation",
    word="tanh",
    precision="float32",
    versions="==2.10.0",
    what="w",
    cause="c",
    bound=BOUND,
    measure="absolute",
    instead="i",
    evidence="diverges = True",
)
LAYERS = [
    "flatten",
    {"kind": "dense", "units": 4, "activation": "tanh", "kernel_initializer": "xavier_uniform"},
    {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"},
]
ARMS = [{"name": "arm", "adapter": "mindspore", "mode": "jit"}]


@pytest.fixture
def context(
    experiment_of: Callable[..., Experiment], noise: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Context:
    """Of a small tanh network, in which the one arm's tanh is known to be off by `BOUND`."""

    def entries_for(framework: str, versions: Mapping[str, str], family: str, word: str, precision: str) -> Any:
        asked = (framework, family, word, precision)
        fits = asked == ("mindspore", "activation", "tanh", "float32") and ENTRY.concerns(versions)
        return (ENTRY,) if fits else ()

    monkeypatch.setattr(loading, "entries_for", entries_for)
    experiment = experiment_of(
        model={"input": {"shape": [28, 28, 1]}, "layers": LAYERS}, arms=ARMS, vocabulary=["activation"]
    )
    environments = {"arm": {"versions": {"mindspore": "2.10.0"}, "device": "cpu"}}
    return Context(experiment, draw_plan(experiment, len(noise.x_train)), noise, tmp_path, environments)


def answered(context: Context, off: float) -> list[Verdict]:
    """The activation rung, where the arm's tanh is off by so much, and all else right."""
    arrays: Arrays = {}
    for number, case in enumerate(activation.cases(context)):
        right = answer(context.oracle, case.call, case.given, case.arrays)
        moved = {name: value + off * isinstance(case.word, Tanh) for name, value in right.items()}
        arrays |= {f"{number}/{name}": value for name, value in moved.items()}
    arm = context.experiment.arms[0]
    return activation.RUNG.question.judge(context, {"arm": Answer(arm, {"refused": {}}, arrays)})


def of(subject: str, verdicts: list[Verdict]) -> Verdict:
    (found,) = (verdict for verdict in verdicts if verdict.subject == subject)
    return found


def test_a_word_off_by_its_bound_is_known_and_beyond_it_diverges(context: Context) -> None:
    within = of("tanh", answered(context, BOUND * 0.99))
    assert within.status == "known"
    assert within.cause == f"ledger: mindspore-tanh-test, bound {BOUND:g} absolute"
    # The numbers stay as measured, against the ordinary tolerance.
    assert within.error_over_tolerance is not None
    assert within.error_over_tolerance > 1
    assert of("tanh", answered(context, BOUND * 1.01)).status == "diverges"
    assert all(v.status == "agrees" for v in answered(context, BOUND * 0.99) if v.subject != "tanh")


def test_an_entry_that_nothing_needs_is_stale(context: Context) -> None:
    verdicts = [v for v in answered(context, 0.0) if v.status != "agrees"]
    assert [(v.subject, v.status) for v in verdicts] == [("tanh", "diverges")]
    assert "mindspore-tanh-test is stale" in verdicts[0].cause
    # Where the vocabulary is not checked, a few cases prove nothing.
    few = replace(context, experiment=context.experiment.model_copy(update={"vocabulary": ()}))
    assert all(v.status == "agrees" for v in answered(few, 0.0))


@pytest.mark.parametrize(("measure", "bound"), [("absolute", 4e-7), ("relative", 8e-7)])
@pytest.mark.parametrize(("share", "is_stale"), [(0.1, True), (0.2, False)])
def test_an_entry_is_not_stale_while_the_error_is_more_than_an_eighth_of_its_bound(
    context: Context, monkeypatch: pytest.MonkeyPatch, measure: str, bound: float, share: float, is_stale: bool
) -> None:
    # Within the ordinary tolerance: a model is off by more, or another processor is.
    changed = {"measure": measure, "bound": bound}
    monkeypatch.setattr(sys.modules[__name__], "ENTRY", ENTRY.model_copy(update=changed))
    arm, arrays = context.experiment.arms[0], {}
    for number, case in enumerate(activation.cases(context)):
        right = answer(context.oracle, case.call, case.given, case.arrays)
        for name, value in right.items():
            moved = isinstance(case.word, Tanh) and np.abs(value) > 0.5
            size = np.where(moved, np.abs(value) if measure == "relative" else 1.0, 0.0)
            arrays[f"{number}/{name}"] = value + share * bound * size
    verdicts = activation.RUNG.question.judge(context, {"arm": Answer(arm, {"refused": {}}, arrays)})
    assert {v.cause for v in verdicts if v.status != "agrees"} == (
        {"ledger: mindspore-tanh-test is stale: arm is within the ordinary tolerance and far within this bound"}
        if is_stale
        else set()
    )


@pytest.mark.parametrize(
    ("environment", "changed"),
    [
        ({"versions": {"mindspore": "2.11.0"}, "device": "cpu"}, {}),
        ({"versions": {"mindspore": "2.10.0"}, "device": "ascend"}, {}),
        ({"versions": {"mindspore": "2.10.0"}, "device": "cpu"}, {"precision": "float64"}),
    ],
)
def test_what_the_entry_does_not_speak_of_diverges(
    context: Context, environment: dict[str, Any], changed: dict[str, Any]
) -> None:
    arm = context.experiment.arms[0].model_copy(update=changed)
    experiment = context.experiment.model_copy(update={"arms": (arm,)})
    other = replace(context, experiment=experiment, environments={"arm": environment})
    assert of("tanh", answered(other, BOUND * 0.99)).status == "diverges"


# --- what is computed with the word ----------------------------------------------------------------------------------


def first_batch(context: Context, moved: Mapping[str, float]) -> list[Verdict]:
    """The model rung, where some tensors of the arm are off by so much."""
    arm = context.experiment.arms[0]
    right = model.first_batch(context, context.oracle)
    rounded = {name: value.astype(np.float32) for name, value in context.plan.weights.items()}
    spec = context.experiment.model
    structure = {
        "parameters": [[p.name, list(p.shape), arm.precision] for p in spec.parameters()],
        "parameter_count": spec.parameter_count,
    }
    result = {
        "structure": structure,
        "plan_digest": context.plan.digest,
        "weights_digest": digest_arrays(rounded),
    }
    arrays = {name: value + moved.get(name, 0.0) for name, value in right.items()}
    return model.judge_answers(context, {"arm": Answer(arm, result, arrays)})


def effect(context: Context, name: str) -> float:
    """The largest change of a tensor of the first batch when tanh is off by its bound."""
    arm, words = context.experiment.arms[0], words_within(context.experiment.recipe)
    changes, touched = propagated(context, arm, words, lambda: model.first_batch(context, context.oracle)).changes
    assert touched == {Tanh}
    return float(np.max(changes[name]))


@pytest.mark.parametrize(("tensor", "subject"), [("logits", "logits"), ("gradient/dense_2/kernel", "gradients")])
def test_what_the_word_does_to_the_model_is_known(context: Context, tensor: str, subject: str) -> None:
    change = effect(context, tensor)
    assert change > 0
    assert of(subject, first_batch(context, {})).status == "agrees"
    found = of(subject, first_batch(context, {tensor: change}))
    assert found.status == "known"
    assert "mindspore-tanh-test" in found.cause
    assert "widened to" in found.cause
    # Were it off by much more, the word would not explain it.
    assert of(subject, first_batch(context, {tensor: 20 * change})).status == "diverges"


def test_a_network_without_the_word_is_judged_as_ever(
    context: Context, experiment_of: Callable[..., Experiment]
) -> None:
    change = effect(context, "logits")
    layers = [LAYERS[0], {**LAYERS[1], "activation": "sigmoid"}, LAYERS[2]]  # type: ignore[dict-item]
    experiment = experiment_of(model={"input": {"shape": [28, 28, 1]}, "layers": layers}, arms=ARMS)
    other = replace(context, experiment=experiment)
    assert Sigmoid() in list(words_within(experiment.recipe))
    assert of("logits", first_batch(other, {"logits": change})).status == "diverges"


def test_the_forced_steps_know_it_too(context: Context) -> None:
    step.ask(context)
    teacher = step.teach(context)
    right = dict(teacher.expected)
    change = effect(context, "gradient/dense_2/kernel")
    moved = {**right, "gradient 0/dense_2/kernel": right["gradient 0/dense_2/kernel"] + change}
    arm = context.experiment.arms[0]
    assert [v.status for v in step.judge_answers(context, {"arm": Answer(arm, {}, right)})] == ["agrees", "agrees"]
    found = step.judge_answers(context, {"arm": Answer(arm, {}, moved)})
    assert [(v.subject, v.status) for v in found] == [("gradient", "known"), ("update", "agrees")]


def test_the_curve_may_drift_as_far_as_the_word_takes_it(context: Context) -> None:
    curve = trajectory.free_run(context, context.oracle, context.plan.steps)
    arm = context.experiment.arms[0]
    words = list(words_within(context.experiment.recipe))
    run = propagated(context, arm, words, lambda: {"loss": trajectory.free_run(context, context.oracle, 16)})
    drift = np.maximum.accumulate(run.changes[0]["loss"])
    assert drift[-1] > drift[0] > 0
    assert judged(context, arm, curve)[0].status == "agrees"
    for factor, status in ((1.0, "known"), (20.0, "diverges")):
        moved = curve.copy()
        moved[: len(drift)] += factor * drift
        assert judged(context, arm, moved)[0].status == status


def judged(context: Context, arm: Arm, losses: Any) -> list[Verdict]:
    rounded = {name: value.astype(np.float32) for name, value in context.plan.weights.items()}
    epoch = EpochRecord(
        epoch=0,
        losses=tuple(float(loss) for loss in losses),
        epoch_time_s=1.0,
        samples=40,
        test_loss=1.0,
        test_accuracy=0.5,
        samples_scored=20,
        peak_rss_bytes=1,
    )
    trace = Trace(
        arm=arm,
        finished=True,
        plan_digest=context.plan.digest,
        initial_weights_digest=digest_arrays(rounded),
        epochs=(epoch,),
    )
    return trajectory.judge_traces(context, [trace])
