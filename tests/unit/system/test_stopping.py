"""Signals: one interruption however many come, none while something is written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.system import stopping
from harness.system.stopping import deferred, heeding_signals, shielded, stopped, stopped_again


def send(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)  # the handler runs between two instructions of this thread


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_interrupts_and_the_second_does_not(number: int) -> None:
    before = signal.getsignal(number)
    with heeding_signals():
        with pytest.raises(KeyboardInterrupt):
            send(number)
        assert stopped()
        assert not stopped_again()
        send(number)
        assert stopped_again()
    assert signal.getsignal(number) is before


def test_nothing_interrupts_a_shield(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "GRACE_S", 0.0)
    with heeding_signals():
        with shielded():
            send(signal.SIGTERM)
            with shielded():
                send(signal.SIGTERM)
            send(signal.SIGTERM)
        assert stopped_again()
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGTERM)


def test_what_is_deferred_is_finished_first() -> None:
    finished = []

    def interrupted() -> None:
        with deferred():
            send(signal.SIGTERM)
            finished.append("the outer")
            with deferred():
                send(signal.SIGTERM)
            finished.append("the inner")

    with heeding_signals():
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        with deferred():  # within the grace of the first
            send(signal.SIGTERM)
        with deferred():
            finished.append("without a signal")
    assert finished == ["the outer", "the inner", "without a signal"]


def test_what_is_deferred_in_a_shield_interrupts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "GRACE_S", 0.0)
    with heeding_signals(), shielded(), deferred():
        send(signal.SIGTERM)


def test_an_error_in_what_is_deferred_is_not_hidden() -> None:
    def failing() -> None:
        with deferred():
            send(signal.SIGTERM)
            raise ValueError("its own")

    with heeding_signals(), pytest.raises(ValueError, match="its own"):
        failing()


def test_one_that_was_lost_can_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "GRACE_S", 0.05)
    with heeding_signals():
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGTERM)
        time.sleep(0.06)
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGTERM)


def test_what_a_script_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heeding_signals():
            send(signal.SIGHUP)
            assert not stopped()
            with pytest.raises(KeyboardInterrupt):
                send(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_leaves_signals_alone() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), list[object]()

    def inside() -> None:
        with heeding_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [before]


def test_an_interruption_that_a_library_hides_is_one_all_the_same(tmp_path: Path) -> None:
    """As pydantic's does, which tells of it in the text of an error of its own."""
    code = (
        "import os, signal, sys\nimport harness.composition.preflight as place\n"
        "def hide(*_, **__):\n    try:\n        os.kill(os.getpid(), signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n        pass\n    raise ValueError('Error building a validator')\n"
        "place.prepare = hide\nfrom harness.cli import main\nsys.exit(main(['match']))"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (130, "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_signal_after_the_command_of_a_process_does_not_change_its_exit_code(is_stopped: bool) -> None:
    """While the interpreter is shut down: a second SIGTERM came 0.2 s after the first, to a run that had just ended."""
    script = (
        "import os, signal, sys; from harness.system.stopping import heeding_signals\n"
        "with heeding_signals(ends_process=True):\n"
        "    try:\n"
        f"        os.kill(os.getpid(), signal.SIGTERM) if {is_stopped} else None\n"
        "    except KeyboardInterrupt: pass\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.exit(130)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    assert ended.returncode == (130 if is_stopped else -signal.SIGTERM)
