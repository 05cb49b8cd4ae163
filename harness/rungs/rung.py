"""What a rung is: one level of the parity ladder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.judging.context import Answers, Context
from harness.records.verdict import Verdict
from harness.worker.task import Task


@dataclass(frozen=True)
class Rung:
    """`ask` gives the payload of a worker's task, the same for every arm; `judge` turns the answers into verdicts."""

    name: str
    ask: Callable[[Context], dict[str, Any]]
    judge: Callable[[Context, Answers], list[Verdict]]
    task: Task
