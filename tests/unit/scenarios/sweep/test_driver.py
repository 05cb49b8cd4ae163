"""A sweep is seen to its end: what crashed is run again once, what is done is not; its outcome is the gravest job's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from made_up_sweeps import ended, failed, job, written

from harness.records.exit_codes import AGREES, CRASHED, DIVERGES, INTERRUPTED, UNFINISHED
from harness.records.sweep import Attempt, Job, Sweep
from harness.results.kinds import kind_of
from harness.results.marker import damages, read_marker, state_of
from harness.results.sweep_folder import attempts_at, begin_attempt, cancel, last_rows, write_attempt
from harness.scenarios.sweep.driver import Driver, close, outcome_of
from harness.scenarios.sweep.launchers.protocol import LocalJobs, OnRow, RemoteJobs, launcher_of

JOBS = [job(number) for number in range(4)]
CRASH = -1


@dataclass
class Launcher:
    """Ends every job at once, by the exit codes that it is given; by default all agree."""

    codes: dict[int, list[int]] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)
    interrupted_at: int = -1

    def run(
        self, folder: Path, sweep: Sweep, jobs: Sequence[Job], on_row: OnRow, is_stopped: Callable[[], bool]
    ) -> None:
        for each in jobs:
            if is_stopped():
                return
            if each.number == self.interrupted_at:
                failed(folder, each, "interrupted")
                raise KeyboardInterrupt
            self.begun.append(each.number)
            code = self.codes.get(each.number, [AGREES]).pop(0) if self.codes.get(each.number) else AGREES
            on_row(failed(folder, each) if code == CRASH else ended(folder, each, code))


class Listener:
    def __init__(self) -> None:
        self.rows: list[tuple[int, str, int]] = []

    def begin(self, folder: Path, sweep: Sweep, rows: Sequence[Attempt | None]) -> None:
        pass

    def row(self, job: Job, row: Attempt, left: int) -> None:
        self.rows.append((job.number, row.status, left))

    def close(self) -> None:
        pass


def driven(folder: Path, launcher: Any, **fields: Any) -> tuple[Sweep, Listener]:
    sweep, listener = written(folder, JOBS, **fields), Listener()
    Driver(folder, sweep, launcher, listener).see_through(sweep.jobs)
    return sweep, listener


def outcome(folder: Path, sweep: Sweep) -> tuple[int, str]:
    return outcome_of(sweep, last_rows(folder, sweep.jobs))


def test_every_job_is_begun_once_and_the_folder_is_complete(tmp_path: Path) -> None:
    launcher = Launcher({2: [DIVERGES]})
    sweep, listener = driven(tmp_path / "s", launcher)
    assert launcher.begun == [0, 1, 2, 3]
    assert [left for _, _, left in listener.rows] == [3, 2, 1, 0]
    assert outcome(tmp_path / "s", sweep) == (DIVERGES, "DIVERGES: jobs of check: 3 agrees; 1 diverges")
    assert close(tmp_path / "s", sweep)
    marker, problems = read_marker(tmp_path / "s")
    assert problems == []
    assert marker is not None
    assert set(marker["runs"]) == {"0", "1", "2", "3"}
    assert "jobs/00002.1.json" in marker["records"]
    assert kind_of(tmp_path / "s") == "sweep"
    assert list(damages(tmp_path / "s")) == []


def test_what_crashes_is_run_again_once(tmp_path: Path) -> None:
    launcher = Launcher({1: [CRASH, AGREES], 2: [CRASH, CRASH, AGREES]})
    sweep, _ = driven(tmp_path / "s", launcher)
    assert launcher.begun == [0, 1, 2, 3, 1, 2]
    assert [row.status for row in attempts_at(tmp_path / "s", 1)] == ["crashed", "done"]
    assert outcome(tmp_path / "s", sweep) == (CRASHED, "CRASHED: jobs of check: 3 agrees; 1 crashed")


def test_what_is_done_is_not_run_again(tmp_path: Path) -> None:
    sweep = written(tmp_path / "s", JOBS)
    for number in (0, 3):
        ended(tmp_path / "s", JOBS[number])
    launcher = Launcher()
    Driver(tmp_path / "s", sweep, launcher, Listener()).see_through(sweep.jobs)
    assert launcher.begun == [1, 2]


def test_what_died_with_its_driver_is_lost_and_run_again(tmp_path: Path) -> None:
    sweep = written(tmp_path / "s", JOBS)
    attempt = begin_attempt(tmp_path / "s", JOBS[1])
    assert attempt is not None

    write_attempt(tmp_path / "s", attempt.model_copy(update={"process": 2**22 + 1}))
    Driver(tmp_path / "s", sweep, Launcher(), Listener()).see_through(sweep.jobs)
    assert [row.status for row in attempts_at(tmp_path / "s", 1)] == ["lost", "done"]


def test_fail_fast_begins_no_further_job(tmp_path: Path) -> None:
    launcher = Launcher({1: [DIVERGES]})
    sweep, _ = driven(tmp_path / "s", launcher, fail_fast=True)
    assert launcher.begun == [0, 1]
    assert outcome(tmp_path / "s", sweep) == (
        UNFINISHED,
        "UNFINISHED: jobs of check: 1 agrees; 1 diverges; 2 waiting",
    )
    assert not close(tmp_path / "s", sweep)
    assert state_of(tmp_path / "s") == "unfinished"


def test_a_crash_that_is_mended_is_no_failure(tmp_path: Path) -> None:
    launcher = Launcher({1: [CRASH, AGREES]})
    driven(tmp_path / "s", launcher, fail_fast=True)
    assert launcher.begun == [0, 1, 2, 3, 1]


def test_an_interruption_leaves_what_is_done_and_a_row(tmp_path: Path) -> None:
    sweep = written(tmp_path / "s", JOBS)
    with pytest.raises(KeyboardInterrupt):
        Driver(tmp_path / "s", sweep, Launcher(interrupted_at=2), Listener()).see_through(sweep.jobs)
    rows = last_rows(tmp_path / "s", sweep.jobs)
    assert [row and row.status for row in rows] == ["done", "done", "interrupted", None]
    assert outcome_of(sweep, rows, is_interrupted=True)[0] == INTERRUPTED


def test_nothing_is_begun_of_a_cancelled_sweep(tmp_path: Path) -> None:
    sweep = written(tmp_path / "s", JOBS)
    cancel(tmp_path / "s")
    launcher = Launcher()
    Driver(tmp_path / "s", sweep, launcher, Listener()).see_through(sweep.jobs)
    assert launcher.begun == []


class Scheduler:
    """Runs none of the jobs that it takes but the first, and says that they are gone."""

    def __init__(self) -> None:
        self.withdrawn: set[int] = set()

    def hand_over(self, folder: Path, sweep: Sweep, jobs: Sequence[Job]) -> dict[int, str]:
        if not attempts_at(folder, 0):
            ended(folder, JOBS[0])
        return {each.number: f"id{each.number}" for each in jobs}

    def gone(self, handed: dict[int, str]) -> set[int]:
        return set(handed)

    def withdraw(self, handed: dict[int, str]) -> None:
        self.withdrawn |= set(handed)


def test_what_a_scheduler_loses_is_handed_over_again_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.scenarios.sweep.driver.POLL_S", 0.0)
    assert isinstance(Scheduler(), RemoteJobs)
    assert isinstance(Launcher(), LocalJobs)
    sweep, _ = driven(tmp_path / "s", Scheduler())
    assert [len(attempts_at(tmp_path / "s", number)) for number in range(4)] == [1, 2, 2, 2]
    assert outcome(tmp_path / "s", sweep)[1] == "CRASHED: jobs of check: 1 agrees; 3 lost"


def test_a_launcher_is_made_of_hydras_node() -> None:
    from harness.composition import UserMistake

    with pytest.raises(UserMistake, match=r"collections\.OrderedDict is no launcher of twinrun"):
        launcher_of({"_target_": "collections.OrderedDict"})
    with pytest.raises(UserMistake, match="no_such_module"):
        launcher_of({"_target_": "no_such_module.X"})
    with pytest.raises(UserMistake, match=r"hydra\.launcher\.n_jobs: given 0; allowed: a whole number > 0, or -1"):
        launcher_of({"_target_": "harness.scenarios.sweep.launchers.local.LocalLauncher", "n_jobs": 0})


class Elsewhere:
    """Finds job 1 running on another host, where it ends while the others run here."""

    def run(
        self, folder: Path, sweep: Sweep, jobs: Sequence[Job], on_row: OnRow, is_stopped: Callable[[], bool]
    ) -> None:
        for each in jobs:
            if not is_stopped():
                on_row(ended(folder, each))
        (running,) = attempts_at(folder, 1)
        write_attempt(folder, running.model_copy(update={"status": "done", "exit_code": AGREES, "sentence": "AGREES:"}))


def test_a_job_that_another_host_runs_is_told_when_it_ends_and_is_no_failure(tmp_path: Path) -> None:
    sweep, listener = written(tmp_path / "s", JOBS, fail_fast=True), Listener()
    running = begin_attempt(tmp_path / "s", JOBS[1])
    assert running is not None
    write_attempt(tmp_path / "s", running.model_copy(update={"host": "elsewhere"}))
    Driver(tmp_path / "s", sweep, Elsewhere(), listener).see_through(sweep.jobs)
    assert listener.rows == [(0, "done", 3), (2, "done", 2), (3, "done", 1), (1, "done", 0)]


class OneTask:
    """Runs all jobs in one task, which begins the one that crashed again as soon as the others are done."""

    def hand_over(self, folder: Path, sweep: Sweep, jobs: Sequence[Job]) -> dict[int, str]:
        for each in jobs:
            failed(folder, each) if each.number == 1 else ended(folder, each)
        again = begin_attempt(folder, JOBS[1])
        assert again is not None
        done = again.model_copy(update={"status": "done", "exit_code": AGREES, "sentence": "AGREES: all"})
        threading.Timer(0.3, write_attempt, [folder, done]).start()
        return {each.number: "task" for each in jobs}

    def gone(self, handed: dict[int, str]) -> set[int]:
        return set()

    def withdraw(self, handed: dict[int, str]) -> None:
        pass


def test_what_a_task_runs_again_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.scenarios.sweep.driver.POLL_S", 0.0)
    sweep, listener = driven(tmp_path / "s", OneTask())
    assert outcome(tmp_path / "s", sweep) == (AGREES, "AGREES: jobs of check: 4 agrees")
    assert [row[:2] for row in listener.rows if row[0] == 1] == [(1, "done")]
