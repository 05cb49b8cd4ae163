"""What a task is: something that a worker can be asked, wherever it is defined.

A worker knows no task by itself: it is given the module and the name, and looks the name up in the module's `TASKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from typing_extensions import TypedDict

Result = dict[str, Any]
# Of requests and events. It grows where one of them changes: an arm's interpreter may hold another version of ours.
PROTOCOL = 1


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
        """By which `task_at` finds it, in another process too."""
        return f"{self.module}:{self.name}"


def tasks(module: str, answers: Mapping[str, tuple[Callable[..., Result], Any]]) -> dict[str, Task]:
    """A module's `TASKS`, from the answer and the form of the result of each, by name."""
    return {name: Task(module, name, answer, result) for name, (answer, result) in answers.items()}


def task_at(place: str) -> Task:
    """KeyError, AttributeError or ImportError where no module of ours has it."""
    module, _, name = place.partition(":")
    found: Task = import_module(module).TASKS[name]
    return found
