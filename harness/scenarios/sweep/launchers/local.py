"""Jobs on this host: each a process of its own, as many at once as cores and memory let."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.composition.mistakes import UserMistake
from harness.records.sweep import Attempt, Job, Sweep
from harness.scenarios.sweep.job import run_job
from harness.scenarios.sweep.job_process import JOBS_PER_PROCESS, Processes, most_jobs
from harness.scenarios.sweep.launchers.protocol import OnRow
from harness.system.accelerators import VISIBLE, has_tool
from harness.system.memory import available_memory
from harness.system.stopping import shielded
from harness.system.turns import cores

POLL_S = 0.5


class LocalLauncher:
    """`n_jobs`: the most at once; -1 for as many as there are cores. What is timed runs one at a time.

    `devices`: the numbers of accelerators of this host, of which every job is given one that no other job has; without
    them, of the jobs that may use an accelerator of this host one runs at a time.
    `jobs_per_process`: how many checks one process may run, one after another, with the same workers.
    """

    def __init__(
        self, n_jobs: int = 1, devices: Sequence[int] | None = None, jobs_per_process: int = JOBS_PER_PROCESS
    ) -> None:
        if not isinstance(n_jobs, int) or isinstance(n_jobs, bool) or (n_jobs < 1 and n_jobs != -1):
            raise UserMistake([f"hydra.launcher.n_jobs: given {n_jobs!r}; allowed: a whole number > 0, or -1"])
        if not isinstance(jobs_per_process, int) or isinstance(jobs_per_process, bool) or jobs_per_process < 1:
            raise UserMistake(
                [f"hydra.launcher.jobs_per_process: given {jobs_per_process!r}; allowed: a whole number > 0"]
            )
        self.n_jobs, self.jobs_per_process = n_jobs, jobs_per_process
        self._kept: Processes | None = None
        self.devices = [str(device) for device in devices or ()]
        if len(set(self.devices)) < len(self.devices):
            raise UserMistake([f"hydra.launcher.devices: given {devices}; allowed: different numbers"])

    def run(
        self, folder: Path, sweep: Sweep, jobs: Sequence[Job], on_row: OnRow, is_stopped: Callable[[], bool]
    ) -> None:
        """Runs the jobs, and reports each row when it ends. After Ctrl-C the running ones are ended first."""
        at_once = self.at_once(sweep, jobs)
        capacity, _ = available_memory()
        waiting, running = deque(jobs), dict[int, Job]()
        free, given = list(self.devices), dict[int, str]()
        ended: queue.SimpleQueue[tuple[Job, Attempt | BaseException | None]] = queue.SimpleQueue()
        stopping = threading.Event()
        processes = self._kept or Processes(most_jobs(sweep, self.jobs_per_process))

        def begin(job: Job) -> None:
            running[job.number] = job
            if free:
                given[job.number] = free.pop(0)
            variables = {name: given[job.number] for name in VISIBLE.values() if job.number in given}
            arguments = (folder, sweep, job, stopping, ended, variables, processes)
            threading.Thread(target=_run, args=arguments, name=f"job {job.number}").start()

        def collect(timeout_s: float) -> None:
            try:
                job, row = ended.get(timeout=timeout_s)
            except queue.Empty:
                return
            del running[job.number]
            if job.number in given:
                free.append(given.pop(job.number))
            if isinstance(row, BaseException):
                raise row
            if row is not None:
                on_row(row)

        def fits(job: Job) -> bool:
            """Whether the memory suffices, if need be without the processes that wait for a job."""
            if not self.devices and _on_device(job) and any(map(_on_device, running.values())):
                return False
            return _fits(job, running, capacity) or (processes.end_waiting() and _fits(job, running, capacity))

        try:
            while running or (waiting and not is_stopped()):
                if waiting and len(running) < at_once and not is_stopped() and fits(waiting[0]):
                    begin(waiting.popleft())
                else:
                    collect(POLL_S)
        except BaseException:
            stopping.set()
            with shielded():
                while running:
                    collect(POLL_S)
            raise
        finally:
            if processes is not self._kept:
                processes.end_waiting()

    @contextmanager
    def keeping_processes(self, sweep: Sweep) -> Iterator[None]:
        """Context in which a process that has run a job also waits for those of a later `run`, as in a search."""
        self._kept = Processes(most_jobs(sweep, self.jobs_per_process))
        try:
            yield
        finally:
            self._kept.end_waiting()
            self._kept = None

    def at_once(self, sweep: Sweep, jobs: Sequence[Job]) -> int:
        """How many jobs may run at once, by their cores and the devices that there are."""
        if sweep.is_timed:
            return 1
        if self.devices:
            return min(self._by_cores(jobs), len(self.devices))
        return self._by_cores(jobs)

    def _by_cores(self, jobs: Sequence[Job]) -> int:
        most = max(1, cores() // max((job.cores for job in jobs), default=1))
        return most if self.n_jobs == -1 else min(self.n_jobs, most)


def _fits(job: Job, running: dict[int, Job], capacity: int) -> bool:
    """Whether the memory suffices for the job beside those that run; alone it is begun in any case."""
    reserved = sum(other.memory_bytes for other in running.values())
    available, _ = available_memory()
    return not running or job.memory_bytes <= min(capacity - reserved, available)


def _on_device(job: Job) -> bool:
    """Whether the job may use an accelerator of this host."""
    return any(map(has_tool, job.accelerators))


def _run(
    folder: Path,
    sweep: Sweep,
    job: Job,
    stopping: threading.Event,
    ended: queue.SimpleQueue[tuple[Job, Attempt | BaseException | None]],
    devices: Mapping[str, str],
    processes: Processes,
) -> None:
    try:
        row = run_job(folder, sweep, job, is_stopped=stopping.is_set, devices=devices, processes=processes)
        ended.put((job, row))
    except BaseException as error:
        ended.put((job, error))
