"""Arms against themselves, free runs in the envelope, and where a divergence is localised: arms of the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from in_process import answers_to, arm, asked, laid_out, workers_of

from harness.diagnosis.localisation import localised
from harness.judging.context import Answer, Answers, Context
from harness.judging.first_divergence import first_of
from harness.spec.experiment import Experiment
from harness.worker.task import Task

STEPS = 12
FAULT = 5  # a step of the first epoch


def experiment_of(**fields: Any) -> Experiment:
    return Experiment.model_validate(
        {
            "name": "free",
            "seed": 3,
            "data": "mnist5k",
            "model": {
                "input": {"shape": [28, 28, 1]},
                "layers": [
                    "flatten",
                    {"kind": "dense", "units": 12, "activation": "relu", "kernel_initializer": "he_normal"},
                    {"kind": "batch_norm", "momentum": 0.9, "epsilon": 0.001},
                    {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"},
                ],
            },
            "loss": "softmax_cross_entropy",
            "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_inside"},
            "schedule": {
                "kind": "exponential",
                "initial_rate": 0.05,
                "decay_rate": 0.5,
                "decay_steps": FAULT,
                "staircase": True,
            },
            "training": {"epochs": 1, "batch_size": 50},
            "comparison": {"free_steps": STEPS},
            "arms": [arm("one").model_dump(), arm("two").model_dump()],
            **fields,
        }
    )


def planted(**spec: Any) -> Experiment:
    """The second arm with a spec of its own."""
    arms = [arm("one").model_dump(), arm("two", spec).model_dump()]
    return experiment_of(arms=arms)


def localised_in(context: Context, rung: str) -> Any:
    found, answers = answers_to(context, rung)
    first = first_of(found.judge(context, answers))
    assert first is not None
    arms = workers_of(context)
    return localised(context, first, lambda task, payload: asked(arms, task, payload))


def test_an_arm_that_repeats_itself_is_said_to_be_bit_equal(tmp_path: Path) -> None:
    context = laid_out(experiment_of(), tmp_path)
    rung, answers = answers_to(context, "self")
    verdicts = rung.judge(context, answers)
    assert [(v.arm_a, v.status, v.tolerance, v.cause) for v in verdicts] == [
        ("one", "agrees", 0.0, ""),
        ("two", "agrees", 0.0, ""),
    ]
    assert context.spreads == {}


def shaken(answers: Answers, by: float) -> Answers:
    """One arm's second run with its loss of step 7 moved, relatively."""
    answer: Answer = answers["two"]
    losses = answer.arrays["second/losses"].copy()
    losses[7] *= 1 + by
    return {**answers, "two": replace(answer, arrays={**answer.arrays, "second/losses": losses})}


def test_an_arm_that_does_not_repeat_itself_is_said_not_to_and_its_spread_is_kept(tmp_path: Path) -> None:
    context = laid_out(experiment_of(), tmp_path)
    rung, answers = answers_to(context, "self")
    eps = float(np.finfo(np.float32).eps)
    _, two = rung.judge(context, shaken(answers, 2 * eps))
    assert two.status == "agrees"
    assert "does not repeat itself bit for bit" in two.cause
    assert two.step == 7
    assert np.flatnonzero(context.spreads["two"]["losses"]).tolist() == [7]


def test_an_arm_that_is_not_itself_diverges_from_itself(tmp_path: Path) -> None:
    context = laid_out(experiment_of(), tmp_path)
    rung, answers = answers_to(context, "self")
    one, two = rung.judge(context, shaken(answers, 0.01))
    assert (one.status, two.status, two.culprit, two.step) == ("agrees", "diverges", "two", 7)


def test_equal_arms_agree_with_certificates(tmp_path: Path) -> None:
    context = laid_out(experiment_of(), tmp_path)
    rung, answers = answers_to(context, "trajectory")
    verdicts = rung.judge(context, answers)
    assert [verdict.status for verdict in verdicts] == ["agrees", "agrees"]
    assert {verdict.judgement for verdict in verdicts} == {"both right"}
    for verdict in verdicts:
        assert verdict.detects is not None
        assert np.finfo(np.float32).eps < verdict.detects < 0.01


def test_float64_arms_are_held_to_one_another_and_to_the_reference(tmp_path: Path) -> None:
    arms = [arm(name, precision="float64").model_dump() for name in ("one", "two")]
    context = laid_out(experiment_of(arms=arms), tmp_path)
    rung, answers = answers_to(context, "trajectory")
    strict, *others = rung.judge(context, answers)
    assert "float64" in strict.subject
    assert {each.status for each in (strict, *others)} == {"agrees"}
    losses = answers["two"].arrays["planned/losses"].copy()
    losses[4] *= 1 + 1e-9
    altered = replace(answers["two"], arrays={**answers["two"].arrays, "planned/losses": losses})
    strict, *_ = rung.judge(context, {**answers, "two": altered})
    assert (strict.status, strict.worst_index, strict.judgement) == ("diverges", "step 4", "undetermined")


def test_a_momentum_form_is_found_where_the_rate_changes(tmp_path: Path) -> None:
    """The forms differ from the first change of the rate on; the digests say so at that step, and the weights."""
    context = laid_out(planted(**{"optimizer.form": "rate_outside"}), tmp_path)
    rung, answers = answers_to(context, "trajectory")
    verdicts = [verdict for verdict in rung.judge(context, answers) if verdict.status == "diverges"]
    assert verdicts
    assert {(verdict.culprit, verdict.judgement) for verdict in verdicts} == {("two", "one wrong")}
    digests = next(verdict for verdict in verdicts if "digests" in verdict.subject)
    assert (digests.step, digests.phase) == (FAULT, "update")
    found = localised_in(context, "trajectory")
    assert (found.rung, found.culprit) == ("trajectory", "two")
    assert found.phase in ("slots", "update")


def test_an_optimizer_is_localised_to_the_update(tmp_path: Path) -> None:
    context = laid_out(planted(**{"optimizer.form": "rate_outside"}), tmp_path)
    found = localised_in(context, "optimizer")
    assert (found.step, found.moment, found.culprit) == (FAULT, "when the rate changes", "two")
    assert found.ulp_a is not None
    assert found.ulp_a < 4


def test_statistics_kept_otherwise_are_found_in_the_first_step(tmp_path: Path) -> None:
    context = laid_out(planted(**{"model.layers.2.momentum": 0.1}), tmp_path)
    found = localised_in(context, "trajectory")
    assert (found.step, found.phase, found.layer, found.culprit) == (0, "update", "batch_norm_1", "two")
    assert found.tensor.startswith("batch_norm_1/moving_")


def test_a_swapped_batch_is_found_in_the_input(tmp_path: Path) -> None:
    """Only the probe of the step is altered here: the digests say when, the probe says what."""
    context = laid_out(experiment_of(), tmp_path)
    arms = workers_of(context)
    rung, answers = answers_to(context, "trajectory")
    losses = answers["two"].arrays["planned/losses"].copy()
    losses[3] *= 1.5
    altered = replace(answers["two"], arrays={**answers["two"].arrays, "planned/losses": losses})
    first = first_of(rung.judge(context, {**answers, "two": altered}))
    assert first is not None
    assert first.step == 3

    def ask(task: Task, payload: Any) -> Answers:
        told = asked(arms, task, payload)
        other = asked({"two": arms["two"]}, task, {"step": 4})["two"]
        return {**told, "two": other}

    found = localised(context, first, ask)
    assert (found.phase, found.tensor, found.culprit) == ("input", "input", "two")
