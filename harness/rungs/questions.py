"""The digest of a question: two arms were asked the same if the digests of what they were asked are equal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.plan import digest_arrays
from harness.system.array_files import load_arrays
from harness.worker.task import Task


def question_digest(task: Task, payload: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the task's name and its payload, with the arrays of a file in place of its path."""
    return hashlib.sha256(json.dumps([task.name, _by_content(payload)], sort_keys=True).encode()).hexdigest()


def _by_content(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _by_content(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_by_content(part) for part in value]
    is_file = isinstance(value, str) and value.endswith(".npz")
    return digest_arrays(load_arrays(Path(value))) if is_file else value
