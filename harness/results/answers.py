"""The answers of an arm to the rungs' questions, as they came: `arms/<arm>/answers/<rung>.json` and `.npz`.

With the question made again, they can be judged anywhere: on another host, beside another arm, by a later version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.results.files import UnreadableError, read_arrays, read_object
from harness.results.store import write_text
from harness.system.array_files import Arrays, save_arrays

ANSWERS = "answers"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class RecordedAnswer:
    """`question`: the digest of what was asked (`harness.rungs.questions`). `result`, `arrays`: what was answered."""

    question: str
    result: Mapping[str, Any]
    arrays: Arrays


def write_answer(arm_folder: Path, rung: str, answer: RecordedAnswer) -> None:
    """Writes one answer into the arm's folder, over an earlier one of the same rung."""
    folder = arm_folder / ANSWERS
    folder.mkdir(exist_ok=True)
    save_arrays(folder / f"{rung}.npz", answer.arrays)
    record = {"schema_version": SCHEMA_VERSION, "question": answer.question, "result": dict(answer.result)}
    write_text(folder / f"{rung}.json", json.dumps(record) + "\n")


def read_answer(path: Path) -> RecordedAnswer:
    """The answer whose `.json` is at `path`; UnreadableError, or an error of `files.DAMAGE`, if there is none."""
    record = read_object(path)
    if record.get("schema_version") != SCHEMA_VERSION:
        version = record.get("schema_version")
        raise UnreadableError(f"has schema_version {version}, and this version of twinrun reads {SCHEMA_VERSION}")
    question, result = record.get("question"), record.get("result")
    if not isinstance(question, str) or not isinstance(result, dict):
        raise UnreadableError("is no answer: it has no question or no result")
    return RecordedAnswer(question, result, read_arrays(path.with_suffix(".npz")))
