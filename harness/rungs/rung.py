"""A rung: one level of the parity ladder, which asks live arms, judges recorded trainings, or does both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from harness.judging.context import Answers, Context
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.spec.changes import BESIDE
from harness.system.array_files import Arrays
from harness.worker.task import Task

Parts: TypeAlias = tuple[str, ...]
OF_THE_MODEL: Parts = ("model", "loss", "regularizer")
OF_THE_UPDATE: Parts = ("optimizer", "schedule", *BESIDE)


@dataclass(frozen=True)
class Shortened:
    """A question made short enough to try many hypotheses: its context and the answers up to a divergence.

    `admits(given)`: whether a reference with changes might give the answers, by a cheap test. It may admit what the
    judge then rejects, but rejects nothing that the judge would accept. `is_run`: whether every hypothesis is a
    training, so that few can be tried.
    """

    context: Context
    answers: Answers
    admits: Callable[[Context], bool] = lambda given: True
    is_run: bool = False


Shorten = Callable[[Context, Answers, str, Verdict], Shortened]


@dataclass(frozen=True)
class Question:
    """A question to live arms: `ask` gives the payload of the worker's `task`, `judge` the verdicts on the answers.

    The payload is the same for every arm. `depends_on`: the parts of a spec that the verdicts depend on, by the
    verdict's phase, or "" for all phases. Known forms are searched in these parts only. `shorten`: from the context,
    the answers, the name of the arm that diverges and the verdict, the part of the question that shows the cause; None
    if it is short enough.
    """

    ask: Callable[[Context], dict[str, Any]]
    judge: Callable[[Context, Answers], list[Verdict]]
    task: Task
    depends_on: Mapping[str, Parts] = field(default_factory=dict)
    shorten: Shorten | None = None

    def parts(self, phase: str) -> Parts:
        """The parts of a spec that a verdict of this phase depends on; empty where no form is to be looked for."""
        return self.depends_on.get(phase) or self.depends_on.get("", ())


@dataclass(frozen=True)
class Trainings:
    """The records of one experiment's trainings by one plan, one for each arm.

    `weights`: by the arm's name and the parameter's, the final weights of each arm that finished. `predictions`: by the
    arm's name, the label and the margin of every test sample, (N,), of each arm that recorded them. `checkpoints`: by
    the arm's name, the states that it had after some epochs: see `harness.rungs.checkpoints`. `verdicts`: those of
    earlier rungs, by which a rung may name the culprit of a difference between two arms.
    """

    context: Context
    traces: Sequence[Trace]
    weights: Mapping[str, Arrays]
    predictions: Mapping[str, Arrays]
    checkpoints: Mapping[str, Arrays] = field(default_factory=dict)
    verdicts: Sequence[Verdict] = ()

    @property
    def healthy(self) -> list[str]:
        """The names of the arms that did not fail."""
        return [trace.arm.name for trace in self.traces if trace.failure is None]


@dataclass(frozen=True)
class Rung:
    """A rung has a `question` for live arms, `judge_trainings` for records of trainings, or both.

    `judge_trainings` returns None if there is nothing that it could judge. `over_seeds`: whether the rung judges the
    trainings of several seeds together, and then no seed by itself.
    """

    name: str
    question: Question | None = None
    judge_trainings: Callable[[Trainings], list[Verdict] | None] | None = None
    over_seeds: bool = False
