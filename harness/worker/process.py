"""The parent's side of one arm's process."""

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

import adapters
import harness
from harness.records.failure import MESSAGE_CHARACTERS, Failure, WorkerFailedError, full_disk, in_one_line, shortened
from harness.spec.arm import AUTO, NONE, Arm
from harness.system.accelerators import NoSuchDeviceError
from harness.system.array_files import Arrays, load_arrays
from harness.system.progress import OnWork, Work, doing, ignore
from harness.system.stopping import deferred
from harness.worker.arrivals import Arrivals
from harness.worker.devices import variables_of
from harness.worker.events import Event as Event
from harness.worker.events import ProtocolError, check_result
from harness.worker.group import Group, ending
from harness.worker.task import PROTOCOL, Task
from harness.worker.temporary import Temporary

QUIET = {"GLOG_v": "3", "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUNBUFFERED": "1"}
CHILD = Path("harness", "worker", "child.py")  # by which a folder of packages with a twinrun is known
GRACE_S = 5.0  # seconds that a process may take to end after it has closed its channel


class Worker:
    """A spawned interpreter that holds one adapter. It runs in `folder`, where its output goes to `log`.

    The arm's `timeout_s` counts the time from each request, and first from its start, to the arrival of the answer. It
    starts again with every experiment. The process of an arm that fails is ended.

    The constructor and all methods raise WorkerFailedError where the arm fails, and OSError where the disk is full,
    which is no failure of the arm.
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
            self._group = self._spawn(write_end)
        except BaseException:
            os.close(read_end)
            self._temporary.close()
            raise
        finally:
            os.close(write_end)
        self._arrivals = Arrivals(read_end)
        self.on_work: OnWork = ignore  # is told how far the pending task is

    def turn_to(self, scratch: Path) -> None:
        """Asks about the experiment in `scratch` from now on. The arm's time limit starts again."""
        self.scratch, self._spent_s = scratch, 0.0

    def ready(self) -> Event:
        """Waits until the framework is imported; returns the `ready` event."""
        if self._failure is not None:  # a failed worker stays failed
            raise WorkerFailedError(self._failure)
        if self._started is None:
            (started,) = self._events_until("ready")
            protocol = started.get("protocol", 0)
            if protocol != PROTOCOL:
                interpreter = f"twinrun {started.get('twinrun') or 'of before 0.1'}, which speaks protocol {protocol}"
                parent = f"twinrun {harness.__version__} speaks protocol {PROTOCOL}"
                raise self._fail("protocol", f"its interpreter has {interpreter}; {parent}")
            self._started = started
        return self._started

    def stream(self, task: Task, **payload: Any) -> Iterator[Event]:
        """Gives the worker a task and yields its events, the last of which has the result."""
        self.ready()
        self.stage, self._task = task.name, task
        self._request += 1
        self._asked_s = time.monotonic()
        request = {"request": self._request, "task": task.place, "scratch": str(self.scratch), **payload}
        line = json.dumps(request).encode() + b"\n"
        # A thread writes, since a stopped worker reads nothing; of a dead one the end of its events tells.
        threading.Thread(target=self._group.write, args=(line,), daemon=True).start()
        return self._events_until("done")

    def ask(self, task: Task, **payload: Any) -> tuple[Event, Arrays]:
        """Gives the worker a task; returns its result and the arrays that came with it."""
        with doing(self.arm.name, task.name, self.on_work):
            *_, done = self.stream(task, **payload)
        result: Event = done["result"]
        if "arrays" not in result:
            return result, {}
        path = self.scratch / f"{self.arm.name}.answer.npz"
        if result.pop("arrays") != str(path):
            raise self._fail("protocol", f"the result of {task.name} names other arrays than {path.name}")
        try:
            arrays = load_arrays(path)
            path.unlink()
        except Exception as error:  # readers of a broken file may raise anything
            raise self._fail("protocol", f"its arrays cannot be read ({in_one_line(error)})") from None
        return result, arrays

    def close(self) -> None:
        """Kills the process and all that it started, and waits for its end."""
        with deferred():
            self._group.end()
            self._temporary.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _events_until(self, last: str) -> Iterator[Event]:
        """The events about the pending request, up to one of the kind `last`."""
        limit_s = self._asked_s + self.arm.timeout_s - self._spent_s
        while True:
            arrival = self._arrivals.next(limit_s, lambda: self._group.wait(0))
            if arrival is None or arrival.time_s > limit_s:
                raise self._fail("timeout", f"not done within timeout_s={self.arm.timeout_s:g}{self._python_hint()}")
            if arrival.item is None:
                raise self._closed_channel()
            if isinstance(arrival.item, ProtocolError):
                raise self._fail("protocol", str(arrival.item))
            event = self._checked(arrival.item, last)
            if event["event"] == "progress":
                self._report(event)
                continue
            if event["event"] != last:
                yield event
                continue
            self._spent_s += arrival.time_s - self._asked_s
            yield event
            return

    def _checked(self, event: Event, last: str) -> Event:
        """The event, if it belongs to the pending request; raises the failure that it reports."""
        kind, request = event["event"], event.pop("request")
        if kind == "failed" and event["symptom"] == "disk_full":
            self._end()
            number = event.get("error_number") or errno.ENOSPC
            raise OSError(number, os.strerror(number), event.get("path") or str(self._log.parent))
        if kind == "failed":
            raise self._fail(event["symptom"], shortened(event["message"], 4 * MESSAGE_CHARACTERS))
        if request != self._request or (kind == "ready") != (last == "ready"):
            raise self._fail("protocol", f"event {kind} came, which answers nothing that it was asked")
        if kind == "done" and self._task is not None:
            try:
                check_result(self._task, event["result"])
            except ProtocolError as error:
                raise self._fail("protocol", str(error)) from None
        return event

    def _report(self, event: Event) -> None:
        if self._task is not None and event["done"] < event["total"]:
            self.on_work(Work(self.arm.name, self._task.name, event["done"], event["total"], event["unit"]))

    def _closed_channel(self) -> WorkerFailedError:
        """The failure of a worker whose channel has ended without an answer."""
        if not self._group.wait(GRACE_S):
            return self._fail("protocol", "it closed its channel without an answer, and went on")
        code, hint = self._group.end(), self._python_hint()
        if code == 1 and hint:
            hint = f"; does {self.arm.python} have all that twinrun requires? {self._log.name} says what is missing"
        return self._fail("signal" if code < 0 else "exit", ending(code) + hint)

    def _python_hint(self) -> str:
        """A hint about an interpreter that the user chose and that never sent an event; else empty."""
        return f"; is {self.arm.python} a Python?" if self.arm.python and self._started is None else ""

    def _fail(self, symptom: Any, message: str) -> WorkerFailedError:
        """Ends the process and records its failure, which is returned as an exception."""
        self._end()
        self._failure = Failure(symptom=symptom, stage=self.stage, message=message)
        return WorkerFailedError(self._failure)

    def _end(self) -> None:
        self.failed = True
        self.close()

    def _spawn(self, events: int) -> Group:
        def command(lifeline: int) -> list[str]:
            program = [self.arm.python or sys.executable, "-m", "harness.worker.child"]
            return [*program, self.arm.model_dump_json(), str(events), str(lifeline)]

        log = self._log
        try:
            environment = {**environment_of(self.arm), **self._temporary.environment}
        except NoSuchDeviceError as error:
            failure = Failure(symptom="missing_device", stage="start", message=str(error))
            raise WorkerFailedError(failure) from None
        try:
            return Group(command, log.parent, log, environment, descriptors=[events], stdin=subprocess.PIPE)
        except (OSError, ValueError) as error:  # ValueError: a path or variable that the system does not allow
            if full_disk(error):
                raise
            raise WorkerFailedError(_start_failure(self.arm, error)) from None


def _start_failure(arm: Arm, error: OSError | ValueError) -> Failure:
    """The failure of an arm whose program is missing or cannot be started."""
    program = arm.python or sys.executable
    if isinstance(error, OSError) and error.filename == program:
        return Failure(symptom="missing_framework", stage="start", message=f"{program}: {error.strerror}")
    return Failure(symptom="exception", stage="start", message=f"its process cannot be started ({in_one_line(error)})")


def environment_of(arm: Arm) -> dict[str, str]:
    """The environment variables of the arm's process; those that the arm sets take precedence.

    An arm whose arrangement has not been chosen (`auto`) has none. Raises NoSuchDeviceError where there is no device of
    the arm's `device_id`.
    """
    environment = {**os.environ, **{key: os.environ.get(key, value) for key, value in QUIET.items()}}
    if arm.arrangement not in (AUTO, NONE) and arm.arrangement in (offered := adapters.arrangements(arm.adapter)):
        environment |= offered[arm.arrangement].environment
    if arm.threads is not None:
        environment["OMP_NUM_THREADS"] = str(arm.threads)
    environment |= variables_of(arm, os.environ)
    # Another interpreter must import this very code, unless the arm's own path has a twinrun. That one then finds
    # nothing here: neither our packages nor, where these are in `site-packages`, the frameworks beside them.
    own, here = arm.environment.get("PYTHONPATH", ""), str(Path(harness.__file__).parents[1])
    has_twinrun = any((Path(folder) / CHILD).is_file() for folder in own.split(os.pathsep) if folder)
    paths = [own, "" if has_twinrun else here, environment.get("PYTHONPATH")]
    return {**environment, **arm.environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
