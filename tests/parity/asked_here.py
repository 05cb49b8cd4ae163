"""A worker's tasks, done in the process that calls: for any number of arms, and for one experiment after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import adapters
from harness.arrays import Arrays, load_arrays
from harness.spec.arm import Arm
from harness.worker.session import Session
from harness.worker.tasks import TASKS

Question = tuple[str, Mapping[str, Any]]
Told = tuple[dict[str, Any], Arrays]
SESSIONS: dict[str, Session] = {}


def tell(arm: Arm, scratch: str, questions: Mapping[str, Question]) -> dict[str, Told]:
    """By the question's name: the result of its task with its payload, and the arrays that come with it."""
    if arm.name not in SESSIONS:
        SESSIONS[arm.name] = Session(adapters.load(arm), lambda *_, **__: None)
    return {name: _told(SESSIONS[arm.name], scratch, *question) for name, question in questions.items()}


def _told(session: Session, scratch: str, task: str, payload: Mapping[str, Any]) -> Told:
    result = TASKS[task](session, scratch, **payload)
    path = result.pop("arrays", None)
    # Plain values as they would cross to another process.
    return json.loads(json.dumps(result)), load_arrays(Path(path)) if path else {}
