"""Arms that live in a process with other arms of their framework, to be asked as workers are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asked_here

from harness.spec.arm import Arm
from harness.system.array_files import Arrays
from harness.worker.process import Event
from harness.worker.task import Task

Ask = Callable[..., Any]


class Resident:
    """One arm in its framework's process, whose functions `home` calls; `folder` is for what it leaves behind."""

    def __init__(self, arm: Arm, home: Ask, folder: Path, scratch: Path) -> None:
        self.arm, self.home, self.folder, self.scratch = arm, home, folder, scratch

    def turn_to(self, scratch: Path) -> None:
        """Asks about the experiment in `scratch` from now on."""
        self.scratch = scratch

    def ask(self, task: Task, **payload: Any) -> tuple[Event, Arrays]:
        """Asks for a task; its result and the arrays that came with it."""
        _, result, arrays = self.home(asked_here.done, self.arm, str(self.scratch), task, payload)
        return result, arrays

    def stream(self, task: Task, **payload: Any) -> Iterator[Event]:
        """Asks for a task; its events, the last of which is its result."""
        events, result, _ = self.home(asked_here.done, self.arm, str(self.scratch), task, payload)
        yield from [*events, {"event": "done", "result": result}]


def here(function: Callable[..., Any], *given: Any) -> Any:
    """The home of arms that need no framework."""
    return function(*given)
