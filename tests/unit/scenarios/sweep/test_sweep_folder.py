"""The rows of a sweep: one process begins an attempt, what died is lost, and what failed once is open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from made_up_sweeps import ended, failed, job, written

from harness.records.sweep import Attempt
from harness.results import sweep_folder
from harness.results.sweep_folder import (
    LOST_S,
    all_attempts,
    attempt_file,
    attempts_at,
    begin_attempt,
    cancel,
    file_system_time,
    is_cancelled,
    is_open,
    last_rows,
    lives,
    mark_lost,
    read_handed,
    read_sweep,
    status_of,
    uncancel,
    write_attempt,
    write_handed,
)

FIRST, SECOND = job(0), job(1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written(tmp_path / "sweep", [FIRST, SECOND])
    return tmp_path / "sweep"


def running(folder: Path, **fields: object) -> Attempt:
    attempt = begin_attempt(folder, FIRST)
    assert attempt is not None
    changed = Attempt.model_validate({**attempt.model_dump(), **fields})
    write_attempt(folder, changed)
    return changed


def test_the_sweep_is_read_as_it_was_written(folder: Path) -> None:
    assert read_sweep(folder).jobs == (FIRST, SECOND)


def test_of_two_processes_one_begins_an_attempt(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert begin_attempt(folder, FIRST) is not None
    monkeypatch.setattr(sweep_folder, "attempts_at", lambda folder, job: [])  # the other looked just before
    assert begin_attempt(folder, FIRST) is None
    assert [path.name for path in (folder / "jobs").iterdir()] == ["00000.1.json"]


def test_each_attempt_has_a_folder_of_its_own(folder: Path) -> None:
    failed(folder, FIRST)
    assert ended(folder, FIRST).folder == "0-2"
    assert [row.folder for row in attempts_at(folder, 0)] == ["0", "0-2"]
    assert [None if row is None else row.number for row in last_rows(folder, [FIRST, SECOND])] == [2, None]


def test_what_is_open(folder: Path) -> None:
    assert is_open([])
    failed(folder, FIRST, "interrupted")
    assert is_open(attempts_at(folder, 0))
    failed(folder, FIRST)
    assert is_open(attempts_at(folder, 0))
    failed(folder, FIRST, "lost")  # an interruption is no failure, these two are
    assert not is_open(attempts_at(folder, 0))
    ended(folder, SECOND, 1)
    assert not is_open(attempts_at(folder, 1))


def test_a_run_whose_arm_crashed_is_run_again_once(folder: Path) -> None:
    ended(folder, FIRST, 3)
    assert is_open(attempts_at(folder, 0))
    ended(folder, FIRST, 3)
    assert not is_open(attempts_at(folder, 0))


def test_a_process_of_this_host_that_is_gone_is_lost_at_once(folder: Path) -> None:
    running(folder, process=2**22 + 1)
    assert status_of(folder, attempts_at(folder, 0), file_system_time(folder)) == "lost"
    (lost,) = mark_lost(folder)
    assert lost.message.startswith(f"its process {2**22 + 1} on ")
    assert attempts_at(folder, 0)[0].status == "lost"
    assert mark_lost(folder) == []


def test_of_another_host_the_file_tells_and_no_clock(folder: Path) -> None:
    attempt = running(folder, host="elsewhere", started="1999-01-01T00:00:00Z")
    assert lives(folder, attempt, file_system_time(folder))
    before = file_system_time(folder) - LOST_S - 1
    os.utime(attempt_file(folder, 0, 1), (before, before))
    assert not lives(folder, attempt, file_system_time(folder))
    sweep_folder.renew(folder, attempt)
    assert lives(folder, attempt, file_system_time(folder))


def test_a_damaged_row_counts_as_lost(folder: Path) -> None:
    running(folder)
    attempt_file(folder, 0, 1).write_text("{")
    (row,) = all_attempts(folder)[0]
    assert (row.status, row.number) == ("lost", 1)
    assert is_open([row])


def test_cancelling_and_taking_that_back(folder: Path) -> None:
    assert not is_cancelled(folder)
    cancel(folder)
    assert is_cancelled(folder)
    uncancel(folder)
    uncancel(folder)
    assert not is_cancelled(folder)


def test_what_was_handed_over_is_kept_beside_what_was_before(folder: Path) -> None:
    assert read_handed(folder) == {}
    write_handed(folder, {0: "12_0"})
    write_handed(folder, {1: "12_1"})
    assert read_handed(folder) == {"0": "12_0", "1": "12_1"}


def test_a_row_that_is_final_is_read_once_and_one_that_is_lost_again(folder: Path) -> None:
    ended(folder, FIRST)
    failed(folder, SECOND, "lost")
    known: dict[str, Attempt] = {}
    assert {job: rows[-1].status for job, rows in all_attempts(folder, known).items()} == {0: "done", 1: "lost"}
    assert list(known) == ["00000.1.json"]
    attempt_file(folder, 0, 1).write_text("{")  # what was read is not looked at again
    write_attempt(folder, attempts_at(folder, 1)[0].model_copy(update={"status": "done"}))
    assert {job: rows[-1].status for job, rows in all_attempts(folder, known).items()} == {0: "done", 1: "done"}


def test_many_rows_are_read_side_by_side_in_their_order(folder: Path) -> None:
    for number in range(2, 80):
        failed(folder, job(number))
    failed(folder, job(7), "interrupted")
    attempts = all_attempts(folder)
    assert list(attempts) == list(range(2, 80))
    assert [row.status for row in attempts[7]] == ["crashed", "interrupted"]
