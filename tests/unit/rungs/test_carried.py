"""Questions arrive as they were carried; the rounding of another processor makes no other question of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harness.results.objects import NOT_READ
from harness.rungs.carried import QUESTIONS, Asked, copied, read_questions, same_question, write_questions
from harness.rungs.tasks import TASKS
from harness.system.array_files import save_arrays

VALUES = np.array([1.0, -2.0, np.inf, 0.0])


def asked(folder: Path, values: np.ndarray = VALUES, samples: int = 4) -> Asked:  # type: ignore[type-arg]
    folder.mkdir(exist_ok=True)
    save_arrays(folder / "teacher.npz", {"loss": values, "index": np.arange(3)})
    return Asked(TASKS["step"], {"teacher": str(folder / "teacher.npz"), "samples": samples})


def test_a_question_arrives_as_it_was_carried(tmp_path: Path) -> None:
    question = asked(tmp_path / "here")
    (tmp_path / "file").mkdir()
    write_questions(tmp_path / "file", {"step": question})
    moved = (tmp_path / "file").rename(tmp_path / "there")
    (arrived,) = read_questions(moved).values()
    assert arrived.digest == question.digest
    assert arrived.payload["teacher"] == str(moved / "questions" / "step.teacher.npz")


def test_a_copy_outlives_its_file(tmp_path: Path) -> None:
    question = asked(tmp_path / "here")
    digest, kept = question.digest, copied(question, tmp_path / "kept")
    asked(tmp_path / "here", 2 * VALUES)
    assert kept.digest == digest != question.digest


@pytest.mark.parametrize(
    ("values", "samples", "same"),
    [
        (VALUES, 4, True),
        (VALUES * (1 + 1e-13), 4, True),
        (VALUES + np.array([0.0, 0.0, 0.0, 1e-12]), 4, True),
        (VALUES * (1 + 1e-6), 4, False),
        (VALUES, 5, False),
        (VALUES.astype(np.float32), 4, False),
        (VALUES[:3], 4, False),
    ],
)
def test_only_rounding_leaves_a_question_what_it_is(
    tmp_path: Path,
    values: np.ndarray,  # type: ignore[type-arg]
    samples: int,
    same: bool,
) -> None:
    a, b = asked(tmp_path / "a"), asked(tmp_path / "b", values, samples)
    assert same_question(a, b) is same
    assert not same_question(a, Asked(TASKS["probe"], a.payload))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"payload": {"teacher": "/etc/x.npz"}}, "names the file"),
        ({"payload": {"teacher": "questions/../x.npz"}}, "names the file"),
        ({"payload": {"teacher": "questions/gone.npz"}}, "names the file"),
        ({"task": "os:system"}, "no task of a rung"),
        ({"task": "harness.rungs.tasks:nothing"}, "there is no task"),
    ],
)
def test_what_a_file_must_not_name_is_refused(tmp_path: Path, change: dict[str, object], named: str) -> None:
    write_questions(tmp_path, {"step": asked(tmp_path / "here")})
    record = json.loads((tmp_path / QUESTIONS).read_text())
    record["step"] |= change
    (tmp_path / QUESTIONS).write_text(json.dumps(record))
    with pytest.raises(NOT_READ, match=named):
        read_questions(tmp_path)
