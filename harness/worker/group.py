"""A process in its own session, which ends together with everything that it started."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

POLL_S = 0.02
REAP_S = 10.0  # seconds that a process in an uninterruptible read may take to die


class Group:
    """Runs a command in `folder`; Ctrl-C reaches this process alone, which then ends the group. Output goes to `log`.

    The group is killed by `end`, and by the kernel when this process dies, however it dies. For that it holds the read
    end of a pipe, its *lifeline*, whose only write end is here: the pipe's owner is the group and its signal SIGKILL,
    so that closing the write end kills all of the group, also what is stopped or keeps the interpreter's lock.
    (PR_SET_PDEATHSIG would reach the process and none of its children, and would come when the thread that started
    it ends; a thread that waits for the end of a pipe needs the interpreter.)

    `command` takes the number of the lifeline's descriptor and returns the program and its arguments. OSError or
    ValueError where the program cannot be started.
    """

    def __init__(
        self,
        command: Callable[[int], Sequence[str]],
        folder: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self._ending = threading.Lock()
        with log.open("ab") as output:
            lifeline, self._lifeline = os.pipe()
            try:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(
                    command(lifeline),
                    bufsize=0,
                    cwd=folder,
                    env=environment,
                    stdin=stdin,
                    stdout=output,
                    stderr=output,
                    pass_fds=(lifeline, *descriptors),
                    start_new_session=True,
                )
                _kill_when_closed(lifeline, self._process.pid)
            except BaseException:
                self._close_lifeline()
                raise
            finally:
                os.close(lifeline)

    def write(self, data: bytes) -> None:
        """Writes to its standard input, and blocks while it does not read. Nothing happens where it has closed it."""
        stdin = self._process.stdin
        assert stdin is not None
        unsent = memoryview(data)
        with contextlib.suppress(OSError, ValueError):
            while unsent:
                unsent = unsent[stdin.write(unsent) :]

    def close_input(self) -> None:
        """Closes its standard input, after which a process that reads it has no more to do."""
        stdin = self._process.stdin
        if stdin is not None:
            with contextlib.suppress(OSError):
                stdin.close()

    def wait(self, seconds: float) -> bool:
        """Whether the process has ended within this time. What it started may still run; `end` ends it too."""
        deadline = time.monotonic() + seconds
        while not self._has_ended():
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_S)
        return True

    def terminate(self) -> None:
        """Asks the process to end, by SIGTERM; what it started is not asked."""
        with self._ending:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(self._process.pid, signal.SIGTERM)

    def end(self) -> int:
        """Kills what is left of the group. Returns the exit code of the process, negative where a signal ended it."""
        with self._ending:
            # The group is killed before the process is reaped: until then its number cannot belong to others.
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._close_lifeline()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(REAP_S)
                if self._process.returncode is None:
                    self._process.returncode = -signal.SIGKILL
                if self._process.stdin is not None:
                    self._process.stdin.close()
            return self._process.returncode

    def __enter__(self) -> Group:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def _close_lifeline(self) -> None:
        descriptor, self._lifeline = self._lifeline, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _has_ended(self) -> bool:
        if self._process.returncode is not None:
            return True
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # other code has reaped it
            return True


def ending(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    names: Any = {number.value: number.name for number in signal.Signals}
    hint = " (out of memory, or killed by hand)" if -code == signal.SIGKILL else ""
    return f"killed by {names.get(-code, f'signal {-code}')}{hint}"


def _kill_when_closed(pipe: int, group: int) -> None:
    """Has the kernel kill the group when the last write end of the pipe is closed."""
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -group)
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
