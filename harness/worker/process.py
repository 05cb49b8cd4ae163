"""The parent's handle on one arm's process."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import harness
from harness.records.failure import MESSAGE_CHARACTERS, Failure, WorkerFailedError, full_disk, in_one_line, shortened
from harness.spec.arm import Arm
from harness.system.array_files import Arrays, load_arrays
from harness.worker.arrivals import Arrivals
from harness.worker.events import Event as Event
from harness.worker.events import ProtocolError, check_result
from harness.worker.group import Group, ending
from harness.worker.task import PROTOCOL, Task
from harness.worker.temporary import Temporary

QUIET = {"GLOG_v": "3", "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUNBUFFERED": "1"}
GRACE_S = 5.0  # for the end of a process that has closed its channel


class Worker:
    """A spawned interpreter that holds one adapter. It runs in `folder`, where its output goes to `log`.

    The arm's `timeout_s` runs while an answer of it is pending, from the request (the first is its start) to the time
    at which the answer arrived, and begins anew with every experiment. Where the arm fails its process is ended.

    WorkerFailedError tells of the arm's failure, from each of the methods and where it cannot be started; OSError of a
    disk that has no room for what the worker writes, which is no failure of the arm's.
    """

    def __init__(self, arm: Arm, folder: Path, scratch: Path, log: str = "worker.log") -> None:
        self.arm, self.scratch, self._log = arm, scratch, folder / log
        self.stage, self.failed = "start", False
        self._failure: Failure | None = None
        self._task: Task | None = None
        self._started: Event | None = None
        self._request, self._spent_s = 0, 0.0
        self._asked_s = time.monotonic()
        self._temporary = Temporary(folder, arm.environment)
        read_end, write_end = os.pipe()
        try:
            self._group = self._spawned(write_end)
        except BaseException:
            os.close(read_end)
            self._temporary.close()
            raise
        finally:
            os.close(write_end)
        self._arrivals = Arrivals(read_end)

    def turn_to(self, scratch: Path) -> None:
        """Asks about the experiment in `scratch` from now on, with the arm's time limit anew."""
        self.scratch, self._spent_s = scratch, 0.0

    def ready(self) -> Event:
        """Waits until the framework is imported; what it says of itself."""
        if self._failure is not None:  # it stays what it was
            raise WorkerFailedError(self._failure)
        if self._started is None:
            (started,) = self._until("ready")
            theirs = started.get("protocol", 0)
            if theirs != PROTOCOL:
                of = f"twinrun {started.get('twinrun') or 'of before 0.1'}, which speaks protocol {theirs}"
                own = f"twinrun {harness.__version__} speaks protocol {PROTOCOL}"
                raise self._failed("protocol", f"its interpreter has {of}; {own}")
            self._started = started
        return self._started

    def stream(self, task: Task, **payload: Any) -> Iterator[Event]:
        """Asks for a task; yields its events, the last of which is its result."""
        self.ready()
        self.stage, self._task = task.name, task
        self._request += 1
        self._asked_s = time.monotonic()
        request = {"request": self._request, "task": task.place, "scratch": str(self.scratch), **payload}
        line = json.dumps(request).encode() + b"\n"
        # A worker that is stopped takes no more than a pipe holds; one that has died shows as the end of its events.
        threading.Thread(target=self._group.write, args=(line,), daemon=True).start()
        return self._until("done")

    def ask(self, task: Task, **payload: Any) -> tuple[Event, Arrays]:
        """Asks for a task; its result and the arrays that came with it."""
        *_, done = self.stream(task, **payload)
        result: Event = done["result"]
        if "arrays" not in result:
            return result, {}
        path = self.scratch / f"{self.arm.name}.answer.npz"
        if result.pop("arrays") != str(path):
            raise self._failed("protocol", f"the result of {task.name} names other arrays than {path.name}")
        try:
            arrays = load_arrays(path)
            path.unlink()
        except Exception as error:  # whatever a broken file makes its readers raise
            raise self._failed("protocol", f"its arrays cannot be read ({in_one_line(error)})") from None
        return result, arrays

    def close(self) -> None:
        """Ends the process and all that it started at once, and waits for it."""
        self._group.end()
        self._temporary.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _until(self, last: str) -> Iterator[Event]:
        """What arrives about the pending request, until an event of the kind `last`."""
        limit_s = self._asked_s + self.arm.timeout_s - self._spent_s
        while True:
            arrival = self._arrivals.next(limit_s, lambda: self._group.wait(0))
            if arrival is None or arrival.time_s > limit_s:
                raise self._failed("timeout", f"not done within timeout_s={self.arm.timeout_s:g}{self._doubt()}")
            if arrival.what is None:
                raise self._death()
            if isinstance(arrival.what, ProtocolError):
                raise self._failed("protocol", str(arrival.what))
            event = self._about_this(arrival.what, last)
            if event["event"] != last:
                yield event
                continue
            self._spent_s += arrival.time_s - self._asked_s
            yield event
            return

    def _about_this(self, event: Event, last: str) -> Event:
        """The event, if it is part of an answer to the pending request."""
        kind, request = event["event"], event.pop("request")
        if kind == "failed" and event["symptom"] == "disk_full":
            self._end()
            number = event.get("error_number") or errno.ENOSPC
            raise OSError(number, os.strerror(number), event.get("path") or str(self._log.parent))
        if kind == "failed":
            raise self._failed(event["symptom"], shortened(event["message"], 4 * MESSAGE_CHARACTERS))
        if request != self._request or (kind == "ready") != (last == "ready"):
            raise self._failed("protocol", f"event {kind} came, which answers nothing that it was asked")
        if kind == "done" and self._task is not None:
            try:
                check_result(self._task, event["result"])
            except ProtocolError as error:
                raise self._failed("protocol", str(error)) from None
        return event

    def _death(self) -> WorkerFailedError:
        if not self._group.wait(GRACE_S):
            return self._failed("protocol", "it closed its channel without an answer, and went on")
        code, doubt = self._group.end(), self._doubt()
        if code == 1 and doubt:
            doubt = f"; does {self.arm.python} have all that twinrun requires? {self._log.name} says what is missing"
        return self._failed("signal" if code < 0 else "exit", ending(code) + doubt)

    def _doubt(self) -> str:
        """Of an interpreter of the user's choice that never said anything."""
        return f"; is {self.arm.python} a Python?" if self.arm.python and self._started is None else ""

    def _failed(self, symptom: Any, message: str) -> WorkerFailedError:
        self._end()
        self._failure = Failure(symptom=symptom, stage=self.stage, message=message)
        return WorkerFailedError(self._failure)

    def _end(self) -> None:
        self.failed = True
        self.close()

    def _spawned(self, events: int) -> Group:
        def command(lifeline: int) -> list[str]:
            program = [self.arm.python or sys.executable, "-m", "harness.worker.child"]
            return [*program, self.arm.model_dump_json(), str(events), str(lifeline)]

        log, environment = self._log, {**_environment(self.arm), **self._temporary.environment}
        try:
            return Group(command, log.parent, log, environment, descriptors=[events], stdin=subprocess.PIPE)
        except (OSError, ValueError) as error:  # ValueError: what no path and no environment can hold
            if full_disk(error):
                raise
            raise WorkerFailedError(_not_started(self.arm, error)) from None


def _not_started(arm: Arm, error: OSError | ValueError) -> Failure:
    """Of a program that is not there, or of a system that starts no more of them."""
    program = arm.python or sys.executable
    if isinstance(error, OSError) and error.filename == program:
        return Failure(symptom="missing_framework", stage="start", message=f"{program}: {error.strerror}")
    return Failure(symptom="exception", stage="start", message=f"its process cannot be started ({in_one_line(error)})")


def _environment(arm: Arm) -> dict[str, str]:
    environment = {**os.environ, **{key: os.environ.get(key, value) for key, value in QUIET.items()}}
    if arm.threads is not None:
        environment["OMP_NUM_THREADS"] = str(arm.threads)
    # Another interpreter finds this very code.
    paths = [arm.environment.get("PYTHONPATH"), str(Path(harness.__file__).parents[1]), environment.get("PYTHONPATH")]
    return {**environment, **arm.environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
