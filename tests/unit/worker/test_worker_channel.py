"""Whatever a user's code does in a worker is a failure of that arm, told in one line, and nothing of it is left."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from misbehaving import ROOT, as_many_run_in, misbehaving, nothing_runs_in

from harness.records.failure import WorkerFailedError
from harness.worker.tasks import TASKS

# To every descriptor but the three that everybody has.
EVERYWHERE = """\
for name in os.listdir("/proc/self/fd"):
    if int(name) > 2:
        try:
            {write}
        except OSError:
            pass
"""


def to_all(written: bytes, times: int = 1) -> str:
    return EVERYWHERE.format(write=f"[os.write(int(name), {written!r}) for _ in range({times})]")


HOSTILE = {
    "garbage": (to_all(b"hello\n"), "protocol", r"'hello\n' came in place of an event"),
    "unfinished": (to_all(b"hello "), "protocol", """'hello {"event": "done", "request": 1, "result\":"""),
    "nothing in it": (
        to_all(b'{"event": "done", "request": 1, "result": {}}\n'),
        "protocol",
        "the result of doctor is not whole: 'environment'",
    ),
    "another's": (to_all(b'{"event": "done", "request": 0, "result": {}}\n'), "protocol", "answers nothing"),
    "without end": (to_all(b"x" * 65536, times=10**6), "protocol", "came in place of an event"),
    "keys missing": ("return {}", "protocol", "the result of doctor is not whole: 'environment'"),
    "no arrays": ("return {**ANSWER, **session.at(scratch).reply({}), 'arrays': 3}", "protocol", "other arrays than"),
    "others' arrays": ("return {**ANSWER, 'arrays': __file__}", "protocol", "names other arrays than other.answer.npz"),
    "arrays that are gone": (
        "reply = session.at(scratch).reply({}); os.unlink(reply['arrays']); return {**ANSWER, **reply}",
        "protocol",
        "its arrays cannot be read (FileNotFoundError",
    ),
    "broken arrays": (
        "reply = session.at(scratch).reply({}); open(reply['arrays'], 'wb').write(b'PK'); return {**ANSWER, **reply}",
        "protocol",
        "its arrays cannot be read (",
    ),
    "not to be told": ("return {'environment': object()}", "exception", "TypeError: Object of type object"),
    "no channel": ("os.closerange(3, 2000); time.sleep(1000)", "protocol", "closed its channel without an answer"),
    "exit": ("os._exit(0)", "exit", "ended with exit code 0"),
    "sys.exit": ("sys.exit(3)", "exception", "the code asked for the end of the process (SystemExit: 3)"),
    "requests": ("input()", "exception", "EOFError"),
    "memory": ("[0] * 10**15", "memory", "out of memory (MemoryError)"),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_answer_is_a_failure_of_the_arm(kind: str, tmp_path: Path) -> None:
    code, symptom, message = HOSTILE[kind]
    with misbehaving(tmp_path, code) as worker:
        with pytest.raises(WorkerFailedError) as caught:
            worker.ask(TASKS["doctor"])
        failure = caught.value.failure
        assert (failure.symptom, failure.stage, failure.status) == (symptom, "doctor", "crashed"), failure
        assert message in failure.message
        assert len(failure.message) < 600
        assert failure.message.isprintable()
        assert worker.failed
        assert nothing_runs_in(tmp_path)
    assert (tmp_path / "sitecustomize.py").exists()  # which "others' arrays" named


def test_a_framework_that_fails_while_it_is_imported(tmp_path: Path) -> None:
    before = "import adapters; adapters.load = lambda arm: sys.exit('not with me')"
    with misbehaving(tmp_path, "pass", before) as worker, pytest.raises(WorkerFailedError) as caught:
        worker.ready()
    assert str(caught.value.failure).startswith("exception at start: the code asked for the end of the process")
    assert "SystemExit: not with me" in caught.value.failure.message


def test_a_full_disk_is_no_failure_of_the_arm(tmp_path: Path) -> None:
    code = (
        "import numpy, resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))\n"
        "session.at(scratch).reply({'x': numpy.ones(100000)})"
    )
    with misbehaving(tmp_path, code) as worker, pytest.raises(OSError, match="File too large") as caught:
        worker.ask(TASKS["doctor"])
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(tmp_path / "other.answer.npz"))


def test_the_file_that_a_full_disk_has_no_room_for_is_named(tmp_path: Path) -> None:
    code = (
        "try:\n    raise OSError(28, 'full', '/data/x')\n"
        "except OSError as error:\n    raise RuntimeError('the builder failed') from error"
    )
    with misbehaving(tmp_path, code) as worker, pytest.raises(OSError, match="No space left on device") as caught:
        worker.ask(TASKS["doctor"])
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "/data/x")


ANSWERS_TWICE = "session.asked = getattr(session, 'asked', 0) + 1; ANSWER['devices'] = [{'asked': session.asked}]\n"


@pytest.mark.parametrize(
    "code",
    [
        ANSWERS_TWICE + "os.fork()",
        ANSWERS_TWICE + "if os.fork() == 0: raise ValueError('a copy')",
        ANSWERS_TWICE + "if os.fork() == 0: sys.exit(1)",
        ANSWERS_TWICE + "if os.fork() == 0: time.sleep(1000)",
        ANSWERS_TWICE + "if os.fork() == 0:\n    os.fork()\n    session.reply({})\n",
        ANSWERS_TWICE + "pid = os.fork()\nif pid: os.waitpid(pid, 0)",
        ANSWERS_TWICE + "os.dup2(1, 3)\nos.fork()",
    ],
    ids=["returns", "raises", "exits", "stays", "twice", "waited for", "numbers"],
)
def test_a_copy_of_the_process_never_answers(code: str, tmp_path: Path) -> None:
    with misbehaving(tmp_path, code) as worker:
        assert [worker.ask(TASKS["doctor"])[0]["devices"][0]["asked"] for _ in range(3)] == [1, 2, 3]
    assert nothing_runs_in(tmp_path)


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.nightly)])
def test_processes_that_the_code_needs_work(method: str, tmp_path: Path) -> None:
    code = (
        f"import math, multiprocessing\nwith multiprocessing.get_context({method!r}).Pool(2) as pool:\n"
        "    ANSWER['devices'] = [{'roots': pool.map(math.sqrt, [4, 9])}]"
    )
    with misbehaving(tmp_path, code) as worker:
        assert worker.ask(TASKS["doctor"])[0]["devices"] == [{"roots": [2, 3]}]
        assert worker.ask(TASKS["doctor"])[0]["devices"] == [{"roots": [2, 3]}]
    assert nothing_runs_in(tmp_path)


def test_its_channel_is_out_of_the_way_and_not_inherited(tmp_path: Path) -> None:
    code = (
        "numbers = [int(name) for name in os.listdir('/proc/self/fd')]\n"
        "pipes = [n for n in numbers if n > 2 and os.path.exists(f'/proc/self/fd/{n}') or n > 100]\n"
        "ANSWER['devices'] = [{'inherited': [n for n in pipes if n > 2 and os.get_inheritable(n)], "
        "'far': [n for n in numbers if n > 100]}]"
    )
    with misbehaving(tmp_path, code) as worker:
        (told,) = worker.ask(TASKS["doctor"])[0]["devices"]
    assert told["inherited"] == []
    assert len(told["far"]) == 3


START = "subprocess.Popen(['sh', '-c', 'sleep 1000; true'])\nif os.fork() == 0: time.sleep(1000)\n"


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "then", ["pass", "os._exit(3)", "os.closerange(3, 2000); time.sleep(1000)", "os.kill(os.getpid(), signal.SIGSTOP)"]
)
def test_all_that_it_started_ends_with_it(then: str, tmp_path: Path) -> None:
    with misbehaving(tmp_path, START + then) as worker:
        answer = worker.stream(TASKS["doctor"])
        if "exit" in then:
            with pytest.raises(WorkerFailedError, match="exit code 3"):
                list(answer)
        else:
            assert as_many_run_in(tmp_path, 4)
    assert nothing_runs_in(tmp_path)


PARENT = """\
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from misbehaving import misbehaving
from harness.worker.tasks import TASKS
worker = misbehaving(Path({folder!r}), {code!r})
worker.stream(TASKS["doctor"])
print("asked", flush=True)
sys.stdin.read()
"""


@pytest.mark.sampled(3)
@pytest.mark.parametrize("then", ["time.sleep(1000)", "10 ** 10 ** 10", "os.kill(os.getpid(), signal.SIGSTOP)"])
def test_nothing_outlives_a_parent_that_is_killed(then: str, tmp_path: Path) -> None:
    """Also a worker that is stopped, or that keeps the interpreter's lock."""
    script = PARENT.format(path=[str(ROOT), str(ROOT / "tests" / "unit")], folder=str(tmp_path), code=START + then)
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"asked\n"
        assert as_many_run_in(tmp_path, 4)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert nothing_runs_in(tmp_path)
