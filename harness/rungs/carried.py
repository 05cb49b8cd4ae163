"""Questions that are carried to another host: a payload as JSON beside its files of arrays, and back.

The digest of a question is that of its bytes. The reference's numbers in it (a teacher's gradients) may differ in their
last bits on another processor; `same_question` tells such a question from another one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.results.exported import QUESTIONS_FOLDER
from harness.results.objects import read_object
from harness.results.store import write_text
from harness.rungs.questions import question_digest
from harness.system.array_files import Arrays, load_arrays
from harness.worker.task import Task, task_at

QUESTIONS = "questions.json"
ROUNDING = 1e-9  # of the largest value of an array, by which float64 computations of one formula may differ


@dataclass(frozen=True)
class Asked:
    """One question: the task and what it is given."""

    task: Task
    payload: Mapping[str, Any]

    @property
    def digest(self) -> str:
        return question_digest(self.task, self.payload)


def write_questions(folder: Path, questions: Mapping[str, Asked]) -> None:
    """Writes the questions and their files into the folder. Their names become those of files."""
    (folder / QUESTIONS_FOLDER).mkdir(exist_ok=True)

    def carried(name: str, path: str) -> str:
        place = f"{QUESTIONS_FOLDER}/{name}.{Path(path).name}"
        shutil.copyfile(path, folder / place)
        return place

    record = {
        name: {"task": asked.task.place, "payload": _with_paths(asked.payload, partial(carried, name))}
        for name, asked in questions.items()
    }
    write_text(folder / QUESTIONS, json.dumps(record, indent=1) + "\n")


def copied(asked: Asked, folder: Path) -> Asked:
    """The question with copies of its files in a new folder."""

    def copy(path: str) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        return str(shutil.copy(path, folder))

    return Asked(asked.task, _with_paths(asked.payload, copy))


def read_questions(folder: Path) -> dict[str, Asked]:
    """The questions in a folder, with the paths of their files there, by name.

    Raises one of `harness.results.objects.NOT_READ` where there are none, or one names a file elsewhere.
    """

    def here(place: str) -> str:
        parts = place.split("/")
        if len(parts) != 2 or parts[0] != QUESTIONS_FOLDER or not (folder / place).is_file():
            raise ValueError(f"a question names the file {place!r}, which is not there")
        return str(folder / place)

    record = read_object(folder / QUESTIONS)
    return {
        name: Asked(_own_task(question["task"]), _with_paths(question["payload"], here))
        for name, question in record.items()
    }


def same_question(a: Asked, b: Asked) -> bool:
    """Whether two questions are one, but for the rounding of the reference's numbers in them."""
    return a.task == b.task and _same(a.payload, b.payload)


def _own_task(place: str) -> Task:
    """The task; ValueError unless it is one of twinrun's own, since a file names it."""
    module = place.partition(":")[0]
    if not module.startswith("harness.rungs."):
        raise ValueError(f"{place!r} is no task of a rung")
    try:
        return task_at(place)
    except (ImportError, KeyError, AttributeError):
        raise ValueError(f"there is no task {place!r} in this version of twinrun") from None


def _with_paths(value: Any, translate: Callable[[str], str]) -> Any:
    """The payload with the path of every `.npz` file translated."""
    if isinstance(value, Mapping):
        return {key: _with_paths(part, translate) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_with_paths(part, translate) for part in value]
    return translate(value) if _is_file(value) else value


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if _is_file(a) and _is_file(b):
        return _close(load_arrays(Path(a)), load_arrays(Path(b)))
    return bool(a == b)


def _close(a: Arrays, b: Arrays) -> bool:
    return a.keys() == b.keys() and all(_close_values(a[name], b[name]) for name in a)


def _close_values(a: Any, b: Any) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    largest = float(np.max(np.abs(a), initial=0.0, where=np.isfinite(a)))
    return bool(np.allclose(a, b, rtol=ROUNDING, atol=ROUNDING * largest, equal_nan=True))


def _is_file(value: Any) -> bool:
    return isinstance(value, str) and value.endswith(".npz")
