"""A climb of the ladder without processes: the reference, in float32, answers as every arm."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import adapters
from harness.data import load
from harness.judging.context import Answer, Context
from harness.plan import draw_plan
from harness.records.verdict import Verdict
from harness.rungs import registry
from harness.rungs.rung import Question
from harness.scenarios import ladder
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.system.array_files import Arrays, load_arrays
from harness.worker.session import Session
from harness.worker.sharing import share
from harness.worker.task import Task

loaded = cache(load)
Told = tuple[dict[str, Any], Arrays]


class InProcess:
    """What the ladder needs of a worker, in this process."""

    def __init__(self, arm: Arm, scratch: Path) -> None:
        self.arm, self.scratch, self.asked = arm, scratch, 0
        self.session = Session(adapters.load(arm), lambda *given, **named: None)

    def ask(
        self, task: Task, changes: Mapping[str, Any] | None = None, **payload: Any
    ) -> tuple[dict[str, Any], Arrays]:
        self.asked += 1
        result = task.answer(self.session.set_changes(changes or {}), str(self.scratch), **payload)
        path = result.pop("arrays", None)
        result = json.loads(json.dumps(result))  # as it crosses between processes
        return result, load_arrays(Path(path)) if path else {}

    def close(self) -> None:
        pass


def arm(name: str, spec: Mapping[str, Any] | None = None, **fields: Any) -> Arm:
    """An arm of the reference, in float32 unless something else is said."""
    usual = {"adapter": "reference", "mode": "numpy", "precision": "float32", "realisation": "native"}
    return Arm.model_validate({"name": name, **usual, "spec": spec or {}, **fields})


def laid_out(experiment: Experiment, scratch: Path) -> Context:
    """The context of an experiment, and its inputs in `scratch` as workers find them."""
    data = loaded(experiment.data)
    context = Context(experiment, draw_plan(experiment, len(data.x_train)), data, scratch)
    share(scratch, experiment, context.plan, data)
    return context


def context_of(stated: Mapping[str, Any], scratch: Path, specs: Mapping[str, Mapping[str, Any]]) -> Context:
    """Of an experiment with an arm for each of `specs`."""
    arms = [arm(name, spec) for name, spec in specs.items()]
    experiment = Experiment.model_validate({"name": "in_process", "data": "mnist5k", **stated, "arms": arms})
    return laid_out(experiment, scratch)


def workers_of(context: Context) -> dict[str, InProcess]:
    return {each.name: InProcess(each, context.scratch) for each in context.experiment.arms}


def asked(workers: Mapping[str, InProcess], task: Task, payload: Mapping[str, Any]) -> dict[str, Answer]:
    return {name: Answer(worker.arm, *worker.ask(task, **payload)) for name, worker in workers.items()}


def answers_to(context: Context, rung: str) -> tuple[Question, dict[str, Answer]]:
    """The question of a rung, and what the arms answer to it."""
    question = registry.questions()[rung]
    return question, asked(workers_of(context), question.task, question.ask(context))


def climb(context: Context, kind: type[InProcess] = InProcess) -> tuple[list[Verdict], Sequence[InProcess]]:
    workers: Any = [kind(each, context.scratch) for each in context.experiment.arms]
    found = ladder.climb(context, workers, lambda rung, verdicts: None, lambda name, failure: None)
    return found, workers
