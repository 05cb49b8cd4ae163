"""The digest of a question, which is equal for two arms if they were asked the same."""

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
    """SHA-256, in hex, of the task's name and its payload, in which digests of arrays replace the paths of files."""
    return hashlib.sha256(json.dumps([task.name, _with_contents(payload)], sort_keys=True).encode()).hexdigest()


def _with_contents(value: Any) -> Any:
    """The payload with the digest of its arrays in place of every `.npz` path."""
    if isinstance(value, Mapping):
        return {key: _with_contents(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_with_contents(part) for part in value]
    is_file = isinstance(value, str) and value.endswith(".npz")
    return digest_arrays(load_arrays(Path(value))) if is_file else value
