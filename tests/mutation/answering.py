"""What runs in the process that holds a framework: an arm, with or without a fault, answers questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from planting import Edit, planted

import adapters
from harness.spec.arm import Arm
from harness.system.array_files import Arrays, load_arrays
from harness.worker.session import Session
from harness.worker.task import Task

Question = tuple[Task, dict[str, Any]]
Told = tuple[dict[str, Any], Arrays]


def answers(arm: Arm, scratch: str, edits: Sequence[Edit], questions: Sequence[Question]) -> list[Told]:
    """To each task with its payload: what a worker of this arm would send back."""
    adapters.load(arm)  # what the edits change must be in use
    with planted(edits):
        session = Session(adapters.load(arm), lambda event, **fields: None)
        return [_told(task.answer(session, scratch, **payload)) for task, payload in questions]


def _told(result: dict[str, Any]) -> Told:
    path = Path(result.pop("arrays"))
    arrays = load_arrays(path)
    path.unlink()
    return json.loads(json.dumps(result)), arrays  # as it crosses
