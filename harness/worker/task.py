"""A task: a question to a worker, defined in any module.

A request names the module and the task, and the worker looks the task up in the module's `TASKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from typing_extensions import TypedDict

Result = dict[str, Any]
# The version of requests and events. It grows with each change, as an arm's interpreter may have another twinrun.
PROTOCOL = 3


class Answered(TypedDict):
    """The form of a result with arrays, which are in a file."""

    arrays: str


@dataclass(frozen=True)
class Task:
    """`answer(session, scratch, **payload)` runs in the arm's process; its result must be of the form `result`."""

    module: str
    name: str
    answer: Callable[..., Result]
    result: Any

    @property
    def place(self) -> str:
        """The text by which `task_at` finds the task, in any process."""
        return f"{self.module}:{self.name}"


def tasks(module: str, answers: Mapping[str, tuple[Callable[..., Result], Any]]) -> dict[str, Task]:
    """A module's `TASKS`, from the answer and the form of the result of each, by name."""
    return {name: Task(module, name, answer, result) for name, (answer, result) in answers.items()}


def task_at(place: str) -> Task:
    """The task at a `place`; KeyError, AttributeError or ImportError where there is none."""
    module, _, name = place.partition(":")
    task: Task = import_module(module).TASKS[name]
    return task
