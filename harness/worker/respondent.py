"""Whoever answers questions: an arm's process, or in its place what an arm has recorded."""

from __future__ import annotations

from typing import Any, Protocol

from harness.spec.arm import Arm
from harness.system.array_files import Arrays
from harness.worker.events import Event
from harness.worker.task import Task


class Respondent(Protocol):
    """Answers tasks for one arm. `ask` raises WorkerFailedError where it has no answer."""

    arm: Arm

    def ask(self, task: Task, **payload: Any) -> tuple[Event, Arrays]: ...

    def close(self) -> None: ...
