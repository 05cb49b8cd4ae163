"""A climb by a plan of cost: fewer steps and samples are asked of arms and reference alike, and the verdicts say so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_process import InProcess, answers_to, context_of

from harness.composition import UserMistake, compose_study
from harness.judging.context import Context
from harness.records.cost import CostPlan, Extent, Rates
from harness.records.failure import Failure, WorkerFailedError
from harness.records.verdict import Verdict
from harness.rungs import pace
from harness.rungs.coverage import coverage
from harness.scenarios import budget, ladder

LAYERS = ["flatten", {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}, {"kind": "layer_norm"}]
STATED: dict[str, Any] = {
    "model": {"input": {"shape": [28, 28, 1]}, "layers": LAYERS},
    "loss": "softmax_cross_entropy",
    "optimizer": "adam",
    "schedule": {"kind": "constant", "rate": 0.01},
    "training": {"epochs": 1, "batch_size": 16},
    "comparison": {"free_steps": 12},
    "rungs": ["self", "model", "step", "trajectory"],
}
WHOLE = Extent(free_steps=12, self_steps=12, forced_steps=3, forced_samples=16)
RATES = Rates(reference_float64=1.0, reference_float32=0.5, arms={"one": 2.0, "other": 1.0}, compilations={})
ONE_AND_OTHER: dict[str, dict[str, Any]] = {"one": {}, "other": {}}


def by_plan(context: Context, **asked: Any) -> Context:
    seconds = {"self": 10.0, "model": 2.0, "step": 3.0, "trajectory": 400.0}
    plan = CostPlan(
        budget_s=50,
        rates=RATES,
        stated=WHOLE,
        asked=WHOLE.model_copy(update=asked),
        stated_s=seconds,
        asked_s={**seconds, "trajectory": 100.0},
    )
    return replace(context, cost=plan)


def climbed(context: Context) -> list[Verdict]:
    workers: Any = [InProcess(arm, context.scratch) for arm in context.experiment.arms]
    return ladder.climb(context, workers, lambda rung, verdicts: None, lambda name, failure: None)


def test_fewer_steps_and_samples_are_asked_and_said(tmp_path: Path) -> None:
    context = by_plan(context_of(STATED, tmp_path, ONE_AND_OTHER), free_steps=6, self_steps=4, forced_samples=8)
    verdicts = climbed(context)
    assert {verdict.status for verdict in verdicts} == {"agrees"}
    by_rung = {verdict.rung: verdict for verdict in verdicts}
    assert by_rung["self"].subject == "three runs, steps 0 to 3"
    assert by_rung["self"].tolerance_source.endswith("; steps of rung self 12 -> 4 by comparison.budget_s=50")
    assert by_rung["trajectory"].subject == "free run: digests, steps 0 to 5"
    assert "; free steps 12 -> 6, steps of rung self 12 -> 4 by compar" in by_rung["trajectory"].tolerance_source
    assert "samples of a teacher-forced batch 16 -> 8 by" in by_rung["step"].tolerance_source
    assert "budget" not in by_rung["model"].tolerance_source
    words = coverage(context.experiment, 250, verdicts, [], False, context.cost).in_words
    assert "losses of steps 0 to 5 of 250" in words
    assert words.endswith(
        "; reduced: free steps 12 -> 6, steps of rung self 12 -> 4, samples of a teacher-forced batch 16 -> 8 "
        "by comparison.budget_s=50"
    )


def test_a_reduced_check_still_names_the_culprit(tmp_path: Path) -> None:
    specs = {"one": {}, "other": {"optimizer.beta2": 0.99}}
    context = by_plan(context_of(STATED, tmp_path, specs), free_steps=5, self_steps=2, forced_samples=8)
    first = next(verdict for verdict in climbed(context) if verdict.status == "diverges")
    assert (first.rung, first.culprit) == ("step", "other")


def test_a_rung_that_is_left_out_is_unverified(tmp_path: Path) -> None:
    context = by_plan(context_of(STATED, tmp_path, ONE_AND_OTHER), left_out=("trajectory",))
    verdicts = climbed(context)
    (silent,) = [verdict for verdict in verdicts if verdict.status != "agrees"]
    assert (silent.rung, silent.status) == ("trajectory", "unverified")
    assert silent.cause == (
        "comparison.budget_s=50 leaves no time for it: it would take about 400 s here, and about 100 s at its "
        "smallest; comparison.budget_s=null is no limit"
    )


def test_a_climb_in_two_parts_explains_only_the_first_divergence(tmp_path: Path) -> None:
    specs = {"one": {}, "other": {"optimizer.beta2": 0.99}}
    context = context_of(STATED, tmp_path, specs)
    workers: Any = [InProcess(arm, tmp_path) for arm in context.experiment.arms]
    told: list[str] = []

    def climb(rungs: list[str], before: list[Verdict]) -> list[Verdict]:
        return ladder.climb(
            context, workers, lambda rung, _: told.append(rung), lambda *_: None, rungs=rungs, before=before
        )

    first = climb(["step"], [])
    rest = climb(["self", "model", "trajectory"], first)
    assert told == ["step", "self", "model", "trajectory"]
    assert next(verdict for verdict in first if verdict.status == "diverges").advice
    diverging = [verdict for verdict in rest if verdict.status == "diverges"]
    assert diverging
    assert not any(verdict.advice for verdict in diverging)


def test_without_a_reduction_the_question_is_as_it_was(tmp_path: Path) -> None:
    """So that answers that were recorded before can still be judged."""
    context = context_of(STATED, tmp_path, ONE_AND_OTHER)
    question, _ = answers_to(context, "step")
    assert question.ask(context).keys() == {"teacher"}
    assert question.ask(by_plan(context)).keys() == {"teacher"}
    assert question.ask(by_plan(context, forced_samples=8))["samples"] == 8


def test_an_arm_that_does_not_repeat_itself_is_widened_to_the_limit_past_what_it_repeated(tmp_path: Path) -> None:
    """Its own spread is unknown there: the tolerance is the one that the largest admissible spread gives."""
    context = by_plan(context_of(STATED, tmp_path, ONE_AND_OTHER), self_steps=4)
    question, answers = answers_to(context, "trajectory")
    exact = {v.subject: v for v in question.judge(context, answers)}
    columns = len(answers["one"].result["columns"])
    context.spreads["one"] = {"losses": np.full(4, 1e-12), "digests": np.full((4, columns), 1e-12)}
    inexact = {v.subject: v for v in question.judge(context, answers)}
    for subject, verdict in inexact.items():
        assert verdict.status == "agrees"
        assert verdict.detects is not None
        assert exact[subject].detects is not None
        assert exact[subject].detects <= verdict.detects <= 64 * exact[subject].detects  # type: ignore[operator]


def test_arms_and_reference_are_measured(tmp_path: Path) -> None:
    stated = {**STATED, "comparison": {"free_steps": 12, "budget_s": 1e-9}}
    context = context_of(stated, tmp_path, ONE_AND_OTHER)
    assert not budget.is_small(context)
    workers: Any = [InProcess(arm, tmp_path) for arm in context.experiment.arms]
    plan, ready = budget.planned(context, workers, lambda name, failure: None)
    assert plan is not None
    assert ready == workers
    assert plan.stated == WHOLE.model_copy(update={"forced_samples": 16})
    assert plan.asked.left_out, "no rung takes a nanosecond"
    assert all(seconds > 0 for seconds in plan.rates.arms.values())
    assert plan.rates.reference_float64 > 0
    assert list(plan.rates.arms) == ["one", "other"]


class Failing(InProcess):
    """A worker whose arm cannot make the model."""

    def ask(self, *given: Any, **named: Any) -> Any:
        raise WorkerFailedError(Failure(symptom="unsupported", stage="pace", message="no"))


def test_an_arm_that_fails_while_it_is_measured(tmp_path: Path) -> None:
    context = context_of({**STATED, "comparison": {"budget_s": 1e-9}}, tmp_path, ONE_AND_OTHER)
    one, other = context.experiment.arms
    failures: list[str] = []
    workers: Any = [InProcess(one, tmp_path), Failing(other, tmp_path)]
    plan, ready = budget.planned(context, workers, lambda name, failure: failures.append(name))
    assert plan is not None
    assert ([worker.arm.name for worker in ready], failures) == (["one"], ["other"])
    plan, ready = budget.planned(context, workers[1:], lambda name, failure: None)
    assert plan is None
    assert ready == []


def test_a_gradient_is_timed_without_its_first_call() -> None:
    calls: list[int] = []
    first_s, quickest_s = pace.timed(lambda: calls.append(1))
    assert 2 <= len(calls) <= 1 + pace.MOST_CALLS
    assert first_s >= 0
    assert quickest_s >= 0


@pytest.mark.parametrize("given", ["true", "0", "-1", "soon", "nan", "inf"])
def test_a_budget_that_is_none(given: str) -> None:
    with pytest.raises(UserMistake, match=r"comparison\.budget_s: given"):
        compose_study([f"comparison.budget_s={given}"])


def test_no_budget_and_a_fraction_of_a_second() -> None:
    assert compose_study(["comparison.budget_s=null"]).first.experiment.comparison.budget_s is None
    assert compose_study(["comparison.budget_s=0.5"]).first.experiment.comparison.budget_s == 0.5
    assert compose_study([]).first.experiment.comparison.budget_s == 120


def test_without_arms_the_reference_stands_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of(STATED, tmp_path, ONE_AND_OTHER)
    assert budget.planned_by_reference(context) is None  # it is small wherever it runs
    monkeypatch.setattr(budget, "is_small", lambda context, trains: False)
    monkeypatch.setattr(pace, "of_reference", lambda context, samples: {"float64": 1.0, "float32": 0.5})
    plan = budget.planned_by_reference(context)
    assert plan is not None
    assert plan.rates.arms == dict.fromkeys(ONE_AND_OTHER, plan.rates.reference_float32)
    assert plan.is_reduced
    assert sum(plan.asked_s[rung] for rung in plan.asked_s if rung not in plan.asked.left_out) <= plan.budget_s
