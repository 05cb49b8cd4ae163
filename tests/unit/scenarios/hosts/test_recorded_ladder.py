"""The ladder climbed with recorded answers: the verdicts of the live climb, and after further questions also its place
and its proven advice. All in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from in_process import InProcess, climb, context_of

from harness.judging.context import Context
from harness.records.verdict import Verdict
from harness.results.answers import RecordedAnswer
from harness.rungs import registry
from harness.rungs.carried import Asked
from harness.scenarios import ladder
from harness.scenarios.hosts.further import Missing
from harness.scenarios.hosts.recorded_arm import RecordedArm

DENSE = {"kind": "dense", "units": 10, "kernel_initializer": "xavier_uniform"}
STATED: dict[str, Any] = {
    "model": {"input": {"shape": [28, 28, 1]}, "layers": ["flatten", DENSE]},
    "loss": "softmax_cross_entropy",
    "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_outside"},
    "schedule": {"kind": "exponential", "initial_rate": 0.01, "decay_rate": 0.5, "decay_steps": 10},
    "training": {"epochs": 1, "batch_size": 16},
    "comparison": {"free_steps": 4},
    "rungs": ["self", "schedule", "optimizer", "model", "step", "trajectory"],
}
MOST_ROUNDS = 6


def answered(worker: InProcess, asked: Asked) -> RecordedAnswer:
    return RecordedAnswer(asked.digest, *worker.ask(asked.task, **asked.payload))


def recorded_climb(context: Context, arms: list[RecordedArm]) -> list[Verdict]:
    return ladder.climb(context, arms, lambda rung, verdicts: None, lambda name, failure: None)


def climbed(context: Context, folder: Path) -> tuple[list[list[Verdict]], int]:
    """The verdicts of each round, and how many further questions there were in all."""
    workers = {arm.name: InProcess(arm, context.scratch) for arm in context.experiment.arms}
    questions = registry.questions(context.stated.rungs).values()
    asked = [Asked(question.task, question.ask(context)) for question in questions]
    answers = {name: {each.digest: answered(worker, each) for each in asked} for name, worker in workers.items()}
    rounds, count = list[list[Verdict]](), 0
    while len(rounds) < MOST_ROUNDS:
        missing = Missing(folder / f"missing{len(rounds)}")
        arms = [
            RecordedArm(worker.arm, answers[name], on_missing=missing.adder(name)) for name, worker in workers.items()
        ]
        rounds.append(recorded_climb(context, arms))
        if not missing.questions:
            return rounds, count
        for name, further in missing.questions.items():
            arm = missing.arms[name]
            answers[arm][further.digest] = answered(workers[arm], further)
            count += 1
    raise AssertionError(f"asked for more in {MOST_ROUNDS} rounds")


def test_recorded_answers_are_judged_as_live_ones(tmp_path: Path) -> None:
    context = context_of(STATED, tmp_path, {"one": {}, "other": {}})
    live, _ = climb(context)
    rounds, further = climbed(context_of(STATED, tmp_path, {"one": {}, "other": {}}), tmp_path)
    assert rounds == [live]
    assert further == 0
    assert {verdict.status for verdict in live} == {"agrees"}


@pytest.mark.parametrize(
    ("spec", "rung"),
    [({"optimizer.momentum": 0.5}, "optimizer"), ({"loss.label_smoothing": 0.1}, "model")],
)
def test_further_answers_lead_to_the_place_and_the_proof(tmp_path: Path, spec: dict[str, Any], rung: str) -> None:
    specs = {"one": {}, "other": spec}
    live, _ = climb(context_of(STATED, tmp_path, specs))
    rounds, further = climbed(context_of(STATED, tmp_path, specs), tmp_path)
    first, last = (
        next(verdict for verdict in verdicts if verdict.status == "diverges") for verdicts in (rounds[0], rounds[-1])
    )
    assert (first.rung, first.culprit, first.advice) == (rung, "other", "")
    assert further > 0
    assert rounds[-1] == live
    assert "rung run again with it: agrees" in last.advice


def test_what_was_not_asked_is_unverified_and_the_rest_is_judged(tmp_path: Path) -> None:
    context = context_of(STATED, tmp_path, {"one": {}, "other": {}})
    workers = [InProcess(arm, context.scratch) for arm in context.experiment.arms]
    questions = {name: question for name, question in registry.questions(STATED["rungs"]).items() if name != "model"}
    asked = [Asked(question.task, question.ask(context)) for question in questions.values()]
    arms = [RecordedArm(worker.arm, {each.digest: answered(worker, each) for each in asked}) for worker in workers]
    verdicts = recorded_climb(context, arms)
    by_rung = {rung: {verdict.status for verdict in verdicts if verdict.rung == rung} for rung in STATED["rungs"]}
    assert by_rung.pop("model") == {"unverified"}
    assert set(map(frozenset, by_rung.values())) == {frozenset({"agrees"})}
