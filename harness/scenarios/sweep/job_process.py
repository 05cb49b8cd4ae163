"""Processes that run jobs one after another, so that what takes longest in a short job is done once: the imports.

A process ends with the first job that does not go well, whatever the reason: the next job begins in a fresh one.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import harness
from harness.records.exit_codes import AGREES, UNVERIFIED
from harness.records.sweep import Job, Sweep
from harness.system.temporary_folder import TemporaryFolder
from harness.worker.group import Group

PROGRAM = "harness.cli.sweep_job"
KEPT = (AGREES, UNVERIFIED)  # exit codes of a job after which its process runs another
JOBS_PER_PROCESS = 16  # so that what a framework never gives back does not pile up
CODE_BYTES = 64
GRACE_S = 5.0  # for a process to end that has closed its channel


class JobProcess:
    """A process for jobs of one sweep. Its output goes to the log of the job that it runs.

    `devices`: the variables that give it devices of this host. OSError or ValueError where it cannot be started.
    """

    def __init__(self, sweep: Sweep, devices: Mapping[str, str], log: Path) -> None:
        self.devices, self.count = dict(devices), 0
        self.code: int | None = None  # of the last job; None while it runs, and where the process died
        cwd = Path(sweep.cwd) if Path(sweep.cwd).is_dir() else Path.cwd()
        self._codes, write_end = os.pipe()
        # Here, not in the process: one that is killed removes nothing.
        self._folder = TemporaryFolder("twinrun-jobs-")
        try:
            self._group = Group(
                lambda _: [sys.executable, "-m", PROGRAM, str(write_end), str(self._folder.path)],
                cwd,
                log,
                {**_environment(sweep), **devices},
                descriptors=[write_end],
                stdin=subprocess.PIPE,
            )
        except BaseException:
            self._close_codes()
            self._folder.close()
            raise
        finally:
            os.close(write_end)
        self._unsent = sweep.model_copy(update={"jobs": ()}).model_dump_json() + "\n"

    def begin(self, job: Job, out: Path, log: Path) -> None:
        """Begins a job, whose run is to be in the folder `out`."""
        self.code = None
        self.count += 1
        stated = {"number": job.number, "overrides": job.overrides, "spec": job.spec}
        request = json.dumps({**stated, "out": str(out.absolute()), "log": str(log.absolute())}) + "\n"
        data, self._unsent = (self._unsent + request).encode(), ""
        # A thread writes, since a stopped process reads nothing.
        threading.Thread(target=self._group.write, args=(data,), daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Whether the job has ended within this time, by itself or with its process."""
        if self.code is not None or self._codes < 0:
            return True
        codes = select.poll()
        codes.register(self._codes, select.POLLIN)
        if not codes.poll(1e3 * seconds):
            return self._group.wait(0)
        line = os.read(self._codes, CODE_BYTES)
        if line:
            self.code = int(line)
            return True
        self._close_codes()
        return self._group.wait(GRACE_S)

    def terminate(self) -> None:
        """Asks the job to end; its process ends too."""
        self._group.terminate()

    def retire(self) -> None:
        """Lets the process end by itself: no further job comes."""
        self._group.close_input()
        self._group.wait(GRACE_S)
        self.end()

    def end(self) -> int:
        """Ends the process and all that it started. Returns its exit code, negative where a signal ended it."""
        code = self._group.end()
        self._close_codes()
        self._folder.close()
        return code

    def _close_codes(self) -> None:
        descriptor, self._codes = self._codes, -1
        if descriptor >= 0:
            os.close(descriptor)


class Processes:
    """The processes of one launcher. Each runs at most `most` jobs, and waits here for the next one.

    Jobs of different threads take and give back processes at the same time.
    """

    def __init__(self, most: int = 1) -> None:
        self.most = most
        self._waiting: list[JobProcess] = []
        self._lock = threading.Lock()

    def take(self, sweep: Sweep, devices: Mapping[str, str], log: Path, is_fresh: bool) -> JobProcess:
        """A process that sees these devices: one that waits, or a new one. `is_fresh`: a new one in any case."""
        with self._lock:
            fitting = [process for process in self._waiting if process.devices == devices and not is_fresh]
            for process in fitting[:1]:
                self._waiting.remove(process)
                return process
        return JobProcess(sweep, devices, log)

    def give_back(self, process: JobProcess) -> None:
        """Keeps the process for another job where its last one went well; else it is ended."""
        if process.code in KEPT and process.count < self.most:
            with self._lock:
                self._waiting.append(process)
        else:
            process.retire()

    def end_waiting(self) -> bool:
        """Ends the processes that wait, for their memory or because no job is left. Returns whether there were any."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for process in waiting:
            process.retire()
        return bool(waiting)


def most_jobs(sweep: Sweep, most: int = JOBS_PER_PROCESS) -> int:
    """How many jobs a process may run. What is timed has a process of its own."""
    return 1 if sweep.is_timed else most


def _environment(sweep: Sweep) -> dict[str, str]:
    """This process's environment with the sweep's variables. The job runs this very code."""
    paths = [str(Path(harness.__file__).absolute().parents[1]), sweep.environment.get("PYTHONPATH")]
    paths.append(os.environ.get("PYTHONPATH"))
    return {**os.environ, **sweep.environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
