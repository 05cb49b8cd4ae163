"""The parent's handle on one arm's process."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import harness
from harness.arrays import Arrays, load_arrays
from harness.spec.arm import Arm
from harness.worker.failure import Failure, WorkerFailedError

Event = dict[str, Any]
ENDED: Event = {"event": "ended"}
QUIET = {"GLOG_v": "3", "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUNBUFFERED": "1"}


class Worker:
    """A spawned interpreter that holds one adapter. Its output goes to `worker.log` in `folder`, where it also runs."""

    def __init__(self, arm: Arm, folder: Path, scratch: Path) -> None:
        self.arm, self.folder, self.scratch = arm, folder, scratch
        self.stage, self.failed = "start", False
        self._started: Event | None = None
        self._deadline = time.monotonic() + arm.timeout_s
        self._events: queue.Queue[Event] = queue.Queue()
        read_end, write_end = os.pipe()
        command = [arm.python or sys.executable, "-m", "harness.worker.child", arm.model_dump_json(), str(write_end)]
        with (folder / "worker.log").open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=_environment(arm),
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    pass_fds=(write_end,),
                    start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends its workers
                )
            except OSError as error:
                os.close(read_end)
                raise WorkerFailedError(
                    Failure(symptom="missing_framework", stage="start", message=f"{command[0]}: {error.strerror}")
                ) from None
            finally:
                os.close(write_end)
        threading.Thread(target=self._read, args=(read_end,), daemon=True).start()

    def turn_to(self, scratch: Path) -> None:
        """Asks about the experiment in `scratch` from now on, with the arm's time limit anew."""
        self.scratch = scratch
        self._deadline = time.monotonic() + self.arm.timeout_s

    def ready(self) -> Event:
        """Waits until the framework is imported; what it says of itself."""
        if self._started is None:
            self._started = next(self._until_done())
        return self._started

    def stream(self, task: str, **payload: Any) -> Iterator[Event]:
        """Asks for a task; yields its events, the last of which is its result."""
        self.stage = task
        line = json.dumps({"task": task, "scratch": str(self.scratch), **payload}) + "\n"
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # a dead worker shows as the end of its events
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        return self._until_done()

    def ask(self, task: str, **payload: Any) -> tuple[Event, Arrays]:
        """Asks for a task; its result and the arrays that came with it."""
        *_, done = self.stream(task, **payload)
        result = done["result"]
        path = result.pop("arrays", None)
        if path is None:
            return result, {}
        arrays = load_arrays(Path(path))
        Path(path).unlink()
        return result, arrays

    def close(self) -> None:
        """Ends the process at once and waits for it."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _until_done(self) -> Iterator[Event]:
        while True:
            try:
                event = self._events.get(timeout=max(0.0, self._deadline - time.monotonic()))
            except queue.Empty:
                self.close()
                raise self._failed("timeout", f"not done within timeout_s={self.arm.timeout_s:g}") from None
            if event["event"] == "ended":
                raise self._death()
            if event["event"] == "failed":
                raise self._failed(event["symptom"], event["message"])
            yield event
            if event["event"] == "done":
                return

    def _failed(self, symptom: Any, message: str) -> WorkerFailedError:
        self.failed = True
        return WorkerFailedError(Failure(symptom=symptom, stage=self.stage, message=message))

    def _death(self) -> WorkerFailedError:
        code = self._process.wait()
        if code < 0:
            name = signal.Signals(-code).name
            hint = " (out of memory, or killed by hand)" if name == "SIGKILL" else ""
            return self._failed("signal", f"killed by {name}{hint}")
        bare = self.arm.python is not None and self._started is None
        hint = f"; does {self.arm.python} have all that twinrun requires? worker.log says what is missing" * bare
        return self._failed("exit", f"ended with exit code {code}{hint}")

    def _read(self, read_end: int) -> None:
        with os.fdopen(read_end, "rb") as pipe:
            for line in pipe:
                try:
                    event = json.loads(line)
                except ValueError:  # cut off in the middle of a line
                    break
                self._events.put(event)
        self._events.put(ENDED)


def _environment(arm: Arm) -> dict[str, str]:
    environment = {**os.environ, **{key: os.environ.get(key, value) for key, value in QUIET.items()}}
    if arm.threads is not None:
        environment["OMP_NUM_THREADS"] = str(arm.threads)
    # Another interpreter finds this very code.
    paths = [arm.environment.get("PYTHONPATH"), str(Path(harness.__file__).parents[1]), environment.get("PYTHONPATH")]
    return {**environment, **arm.environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
