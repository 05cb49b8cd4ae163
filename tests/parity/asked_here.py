"""A worker's tasks, done in the process that calls: for any number of arms, and for one experiment after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import adapters
from harness.spec.arm import Arm
from harness.system.array_files import Arrays, load_arrays
from harness.worker.process import Event
from harness.worker.session import Session
from harness.worker.task import Task

Question = tuple[Task, Mapping[str, Any]]
Told = tuple[dict[str, Any], Arrays]
EVENTS: list[Event] = []
SESSIONS: dict[str, Session] = {}


def tell(arm: Arm, scratch: str, questions: Mapping[str, Question]) -> dict[str, Told]:
    """By the question's name: the result of its task with its payload, and the arrays that come with it."""
    return {name: done(arm, scratch, *question)[1:] for name, question in questions.items()}


def done(arm: Arm, scratch: str, task: Task, payload: Mapping[str, Any]) -> tuple[list[Event], dict[str, Any], Arrays]:
    """What the task sends on its way, its result, and the arrays that come with it; `changes` are as for a worker."""
    EVENTS.clear()
    given = dict(payload)
    session = _session(arm).set_changes(given.pop("changes", {}))
    with np.errstate(all="ignore"):
        result = task.answer(session, scratch, **given)
    path = result.pop("arrays", None)
    # Plain values, as another process would get them; a series as the list of its numbers.
    plain = json.loads(json.dumps([EVENTS, result], default=list))
    return *plain, load_arrays(Path(path)) if path else {}


def _session(arm: Arm) -> Session:
    key = arm.model_dump_json()
    if key not in SESSIONS:
        SESSIONS[key] = Session(adapters.load(arm), lambda event, **fields: EVENTS.append({"event": event, **fields}))
    return SESSIONS[key]
