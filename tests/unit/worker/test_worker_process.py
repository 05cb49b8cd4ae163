"""A worker that ends before it has begun says why, as far as its parent can know; a worker's time is its own."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from made_up_traces import arm
from misbehaving import limited, misbehaving, nothing_runs_in, processes_of

from harness.records.failure import Failure, WorkerFailedError
from harness.system.progress import Work
from harness.worker import Worker
from harness.worker.asking import side_by_side
from harness.worker.tasks import TASKS


def started_with(python: Path, folder: Path, script: str, **fields: object) -> Failure:
    """What became of a worker whose interpreter is this script."""
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    other = arm("other").model_copy(update={"python": str(python), **fields})
    with Worker(other, folder, folder) as worker, pytest.raises(WorkerFailedError) as caught:
        worker.ready()
    assert nothing_runs_in(folder)
    return caught.value.failure


def test_another_interpreter_without_what_is_required(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    failure = started_with(bare, tmp_path, "echo no module named pydantic >&2\nexit 1")
    assert (failure.symptom, failure.stage) == ("exit", "start")
    assert f"exit code 1; does {bare} have all that twinrun requires? worker.log says" in failure.message
    assert "no module named pydantic" in (tmp_path / "worker.log").read_text()


def test_an_interpreter_that_is_no_python(tmp_path: Path) -> None:
    other = tmp_path / "python"
    failure = started_with(other, tmp_path, 'echo "$@"')
    assert str(failure) == f"exit at start: ended with exit code 0; is {other} a Python?"


def test_an_interpreter_that_hangs(tmp_path: Path) -> None:
    other = tmp_path / "python"
    failure = started_with(other, tmp_path, "sleep 1000", timeout_s=0.5)
    assert str(failure) == f"timeout at start: not done within timeout_s=0.5; is {other} a Python?"


def test_an_interpreter_that_prints_garbage(tmp_path: Path) -> None:
    failure = started_with(tmp_path / "python", tmp_path, "printf 'hello\\nworld\\n' > /proc/self/fd/$4; sleep 1000")
    assert str(failure) == r"protocol at start: 'hello\n' came in place of an event"


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("fields", "symptom", "message"),
    [
        ({"python": "/no/such/python"}, "missing_framework", "/no/such/python: No such file or directory"),
        ({"python": "/tmp"}, "missing_framework", "/tmp: Permission denied"),
        ({"python": "nul\0"}, "exception", "cannot be started (ValueError: embedded null byte)"),
        ({"environment": {"A=B": "1"}}, "exception", "cannot be started (ValueError: illegal environment variable"),
    ],
)
def test_an_interpreter_that_cannot_be_started(
    fields: dict[str, object], symptom: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(WorkerFailedError) as caught:
        Worker(arm("other").model_copy(update=fields), tmp_path, tmp_path)
    assert caught.value.failure.symptom == symptom
    assert message in caught.value.failure.message


@pytest.mark.nightly
def test_only_the_time_until_an_answer_came_is_counted(tmp_path: Path) -> None:
    with limited(misbehaving(tmp_path, "time.sleep(0.2)"), 2.0) as worker:
        time.sleep(2.1)  # nothing is pending
        answer = worker.stream(TASKS["doctor"])
        time.sleep(2.1)  # it has come, and nobody looks
        assert [event["event"] for event in answer] == ["done"]
        worker.ask(TASKS["doctor"])


@pytest.mark.nightly
def test_all_answers_to_one_experiment_share_its_time(tmp_path: Path) -> None:
    with limited(misbehaving(tmp_path, "time.sleep(1)"), 2.5) as worker:
        worker.ask(TASKS["doctor"])
        worker.ask(TASKS["doctor"])
        worker.turn_to(tmp_path)
        worker.ask(TASKS["doctor"])
        worker.ask(TASKS["doctor"])
        with pytest.raises(WorkerFailedError, match=r"timeout at doctor: not done within timeout_s=2\.5"):
            worker.ask(TASKS["doctor"])
        assert worker.failed
        with pytest.raises(WorkerFailedError, match="timeout at doctor"):
            worker.ask(TASKS["describe"])


def test_an_arm_that_is_stopped_costs_the_others_nothing(tmp_path: Path) -> None:
    (tmp_path / "stopped").mkdir()
    (tmp_path / "healthy").mkdir()
    with (
        limited(misbehaving(tmp_path / "stopped", "os.kill(os.getpid(), signal.SIGSTOP)"), 3.0) as stopped,
        limited(misbehaving(tmp_path / "healthy", "pass"), 3.0) as healthy,
        ThreadPoolExecutor(max_workers=2) as pool,
    ):
        workers = {"stopped": stopped, "healthy": healthy}
        answers, failures = side_by_side(pool, workers, lambda worker: worker.ask(TASKS["doctor"]))
        assert list(answers) == ["healthy"]
        assert str(failures["stopped"]) == "timeout at doctor: not done within timeout_s=3"
        assert nothing_runs_in(tmp_path / "stopped")
        assert healthy.ask(TASKS["doctor"])[0]["devices"] == []


def test_without_one_of_those_that_are_needed_the_others_are_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "raising").mkdir()
    (tmp_path / "slow").mkdir()
    with (
        misbehaving(tmp_path / "raising", "raise ValueError('no')") as raising,
        misbehaving(tmp_path / "slow", "time.sleep(1000)") as slow,
        ThreadPoolExecutor(max_workers=2) as pool,
    ):
        workers = {"slow": slow, "raising": raising}
        answers, failures = side_by_side(pool, workers, lambda worker: worker.ask(TASKS["doctor"]), all_needed=True)
        assert answers == {}
        assert {name: str(failure) for name, failure in failures.items()} == {
            "raising": "exception at doctor: ValueError: no"
        }
        assert nothing_runs_in(tmp_path / "slow")


def test_a_stopped_worker_that_takes_no_request_is_out_of_time(tmp_path: Path) -> None:
    with limited(misbehaving(tmp_path, "pass"), 1.0) as worker:
        (process,) = processes_of(tmp_path)
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(WorkerFailedError, match="timeout at doctor"):
            worker.ask(TASKS["doctor"], much="x" * 10**6)
        assert nothing_runs_in(tmp_path)


def test_a_worker_that_is_killed_from_outside(tmp_path: Path) -> None:
    killed = r"signal at doctor: killed by SIGKILL \(out of memory, or killed"
    with (
        misbehaving(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)") as worker,
        pytest.raises(WorkerFailedError, match=killed),
    ):
        worker.ask(TASKS["doctor"])


def test_descriptors_are_not_used_up(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(3):
        started_with(tmp_path / "python", tmp_path, "exit 1")
        with pytest.raises(WorkerFailedError):
            Worker(arm("other").model_copy(update={"python": "/no/such/python"}), tmp_path, tmp_path)
    time.sleep(0.2)  # for the threads that read
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208


OTHER = "import harness.worker.task as t; t.PROTOCOL = 7; import harness; harness.__version__ = '9.9'"
OLD = (
    "import harness.worker.channel as c; send = c.Channel.send; own = ('protocol', 'twinrun'); "
    "c.Channel.send = lambda self, event, **f: send(self, event, **{k: v for k, v in f.items() if k not in own})"
)


@pytest.mark.parametrize(
    ("before", "said"), [(OTHER, "9.9, which speaks protocol 7"), (OLD, "of before 0.1, which speaks protocol 0")]
)
def test_a_worker_of_another_version_of_ours_is_refused_by_name(before: str, said: str, tmp_path: Path) -> None:
    with misbehaving(tmp_path, "pass", before) as worker, pytest.raises(WorkerFailedError) as caught:
        worker.ask(TASKS["doctor"])
    assert caught.value.failure.symptom == "protocol"
    assert f"its interpreter has twinrun {said}; twinrun " in caught.value.failure.message


def test_how_far_a_task_is_is_reported_beside_its_answer(tmp_path: Path) -> None:
    code = 'for number in session.counted(range(3), "cases"): time.sleep(0.3)'
    reports: list[Work] = []
    with misbehaving(tmp_path, code) as worker:
        worker.on_work = reports.append
        assert worker.ask(TASKS["doctor"])[0]["devices"] == []
        assert [event["event"] for event in worker.stream(TASKS["doctor"])] == ["done"]
    assert reports[:5] == [
        Work("other", "doctor"),
        *(Work("other", "doctor", done, 3, "cases") for done in range(3)),
        Work("other", "doctor", 1),
    ]
    assert [work.is_ended for work in reports[:5]] == [False, False, False, False, True]


def test_a_report_that_answers_nothing_is_a_failure(tmp_path: Path) -> None:
    """As any event is that was not asked for."""
    code = 'session.send.__self__._number = 7; session.send("progress", done=1, total=3, unit="steps")'
    with misbehaving(tmp_path, code) as worker, pytest.raises(WorkerFailedError, match="event progress came, which"):
        worker.ask(TASKS["doctor"])
