"""What a rung is: one level of the parity ladder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from harness.judging.context import Answers, Context
from harness.records.verdict import Verdict
from harness.worker.task import Task

Parts: TypeAlias = tuple[str, ...]
OF_THE_MODEL: Parts = ("model", "loss", "regularizer")
OF_THE_UPDATE: Parts = ("optimizer", "schedule", "weight_decay", "clipping")


@dataclass(frozen=True)
class Rung:
    """`ask` gives the payload of a worker's task, the same for every arm; `judge` turns the answers into verdicts.

    `depends_on`: the parts of a spec that its verdicts depend on, by the verdict's phase, or "" for all phases. A known
    form is looked for in these; where there are none, no form is looked for.
    """

    name: str
    ask: Callable[[Context], dict[str, Any]]
    judge: Callable[[Context, Answers], list[Verdict]]
    task: Task
    depends_on: Mapping[str, Parts] = field(default_factory=dict)

    def parts(self, phase: str) -> Parts:
        """The parts of a spec that a verdict of this phase depends on; empty where no form is to be looked for."""
        return self.depends_on.get(phase) or self.depends_on.get("", ())
