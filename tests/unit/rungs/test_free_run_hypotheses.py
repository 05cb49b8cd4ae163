"""The cause of a diverging free run is found in no more than what the run itself took, three times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_process import InProcess, answers_to, climb, context_of

from adapters.reference.ensemble import Ensemble
from harness.diagnosis.advice import hypotheses
from harness.judging.tolerances import DRAWS
from harness.rungs.free_run_hypotheses import SPANS, shorten
from harness.rungs.trajectory import PARTS
from harness.scenarios import ladder
from harness.worker.task import Task

STEPS = 24
DENSE = {"kind": "dense", "kernel_initializer": "xavier_uniform"}
SCHEDULE = {"kind": "piecewise_constant", "boundaries": [12, 18], "values": [0.1, 0.05, 0.01], "boundary": "inclusive"}
STATED: dict[str, Any] = {
    "model": {
        "input": {"shape": [28, 28, 1]},
        "layers": ["flatten", {**DENSE, "units": 8, "activation": "tanh"}, {**DENSE, "units": 10}],
    },
    "loss": {"kind": "softmax_cross_entropy", "label_smoothing": 0.05},
    "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_inside"},
    "schedule": SCHEDULE,
    "regularizer": {"kind": "l2", "l2": 0.001},
    "training": {"epochs": 1, "batch_size": 16, "max_steps": STEPS},
    "comparison": {"free_steps": STEPS},
    "rungs": ["trajectory"],
}
# What is wrong, whether the arm's own spec tells of it, and how the cause begins.
WRONG: dict[str, tuple[Mapping[str, Any], bool, str]] = {
    "own": ({"optimizer.momentum": 0.89}, True, "the arm's own spec (port computes optimizer.momentum: 0.89"),
    "two of its own": (
        {"optimizer.momentum": 0.89, "loss.label_smoothing": 0.06},
        True,
        "the arm's own spec (port computes optimizer.momentum: 0.89, loss.label_smoothing: 0.06",
    ),
    "own, late": ({"schedule.values": [0.1, 0.06, 0.01]}, True, "the arm's own spec (port computes schedule.values: "),
    "a form": ({"loss.label_smoothing": 0.0}, False, "label smoothing (port computes loss.label_smoothing: 0.0"),
    "a late form": ({"schedule.boundary": "exclusive"}, False, "boundary (port computes schedule.boundary: exclusive"),
    "no form": ({"optimizer.momentum": 0.89}, False, "port is off by "),
    "late, and no form": ({"schedule.values": [0.1, 0.06, 0.01]}, False, "port is off by "),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("wrong", WRONG)
def test_the_cause_takes_at_most_the_span_three_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    changes, own, cause = WRONG[wrong]
    taken: list[int] = []
    one_step, explain = Ensemble.step, ladder._with_explanation

    def counted(self: Ensemble, *given: Any) -> Any:
        taken.append(self.count)
        return one_step(self, *given)

    def explained(*given: Any) -> Any:
        taken.clear()
        return explain(*given)

    monkeypatch.setattr(Ensemble, "step", counted)
    monkeypatch.setattr(ladder, "_with_explanation", explained)
    verdicts, _ = climb(context_of(STATED, tmp_path, {"port": changes if own else {}, "other": {}}), _faulty(changes))
    first = verdicts[0]
    assert first.step is not None
    assert (first.rung, first.culprit) == ("trajectory", "port")
    assert first.cause.startswith(cause)
    span = STEPS * (1 + DRAWS)
    assert sum(taken) <= (SPANS + 1) * span + 2 * (len(changes) + 1) * (1 + DRAWS) * (first.step + 5)
    assert sum(taken) <= 4 * span


def _faulty(changes: Mapping[str, Any]) -> type[InProcess]:
    class Faulty(InProcess):
        """The arm `port` has these changes, unless its own spec has them already."""

        def ask(self, task: Task, changes: Any = None, **payload: Any) -> Any:
            planted = planted_changes if self.arm.name == "port" and not self.arm.spec else {}
            return super().ask(task, {**(changes or {}), **planted}, **payload)

    planted_changes = changes
    return Faulty


def test_a_true_hypothesis_is_admitted_and_most_false_ones_end_after_a_few_steps(tmp_path: Path) -> None:
    context = context_of(STATED, tmp_path, {"port": {"schedule.boundary": "exclusive"}, "other": {}})
    question, answers = answers_to(context, "trajectory")
    (first,) = (each for each in question.judge(context, answers) if "digests" in each.subject)
    short = shorten(context, answers, "port", first)
    assert short.context.free_steps == len(short.answers["other"].tensor("planned/losses")) < STEPS
    assert np.shape(short.answers["port"].tensor("planned/digests"))[0] == short.context.free_steps
    admitted = [form.name for form, _, given in hypotheses(short.context, PARTS) if short.admits(given)]
    assert admitted == ["boundary", "boundary"]  # the other boundary, and the same one a step later, are alike


def test_no_hypothesis_is_admitted_about_an_arm_that_answered_fewer_steps(tmp_path: Path) -> None:
    context = context_of(STATED, tmp_path, {"port": {}})
    question, answers = answers_to(context, "trajectory")
    first = question.judge(context, answers)[0]
    assert shorten(context, answers, "port", first).admits(context.over(5))
    whole = answers["port"].arrays
    few = {name: values[:2] for name, values in whole.items() if name.startswith("planned/")}
    cut = {"port": replace(answers["port"], arrays={**whole, **few})}
    assert not shorten(context, cut, "port", first).admits(context.over(5))
