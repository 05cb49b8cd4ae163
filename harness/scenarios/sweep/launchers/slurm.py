"""Jobs in an array of Slurm, through submitit; its local executor runs the same on this host, without Slurm."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import harness
from harness.composition.mistakes import UserMistake
from harness.records.failure import in_one_line
from harness.records.sweep import Job, Sweep
from harness.scenarios.sweep.job import run_job
from harness.scenarios.sweep.job_process import Processes, most_jobs
from harness.scenarios.sweep.launchers.extras import package
from harness.system.turns import cores

LOGS = "submitit"
TIMEOUT_S = 30.0  # for Slurm to answer
AT_ONCE = 500  # tasks named on one command line
MOST_OF_AN_ARRAY = 1001  # Slurm's default of MaxArraySize
ITS_OWN = "SUBMITIT_LOCAL_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID"  # variables that identify a task


@dataclass(frozen=True)
class Task:
    """What a task of the scheduler does: its first job, then those that no other task has taken.

    On pre-emption Slurm queues the task again, and what it had begun has a row. `sweep`: without its jobs, so that no
    task reads those of all the others.
    """

    folder: str
    sweep: Sweep
    jobs: tuple[Job, ...]

    def __call__(self) -> list[int]:
        """Runs the jobs; returns the numbers of those that have a row."""
        folder = Path(self.folder)
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is not there on host {os.uname().nodename}: hosts must share it")
        name = " ".join(f"{key}={os.environ[key]}" for key in ITS_OWN if key in os.environ)
        processes = Processes(most_jobs(self.sweep))
        try:
            rows = [run_job(folder, self.sweep, job, launched_as=name, processes=processes) for job in self.jobs]
        finally:
            processes.end_waiting()
        return [row.job for row in rows if row is not None]

    def checkpoint(self) -> Any:
        """The task as it is queued again."""
        import submitit

        return submitit.helpers.DelayedSubmission(self)


@dataclass
class SlurmLauncher:
    """The fields are those of `conf/hydra/launcher/twinrun_slurm.yaml`."""

    executor: Literal["slurm", "local"] = "slurm"
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    cpus_per_task: int | None = None
    mem_gb: float | None = None
    gres: str | None = None
    timeout_min: int | None = None
    array_parallelism: int = 256
    jobs_per_task: int = 1
    setup: Sequence[str] = ()
    _tasks: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Raises UserMistake where submitit or Slurm is missing, so that it is told before any job begins."""
        self._submitit = package("submitit", "slurm", "hydra/launcher=twinrun_slurm")
        if self.executor not in ("slurm", "local"):
            raise UserMistake([f"hydra.launcher.executor: given {self.executor!r}; allowed: slurm, local"])
        if not isinstance(self.jobs_per_task, int) or self.jobs_per_task < 1:
            raise UserMistake(
                [f"hydra.launcher.jobs_per_task: given {self.jobs_per_task!r}; allowed: a whole number > 0"]
            )
        if self.executor == "slurm" and not self._submitit.SlurmExecutor.affinity() > 0:
            raise UserMistake(
                [
                    "hydra/launcher=twinrun_slurm: there is no srun on this host, so it is no host of a Slurm cluster; "
                    "hydra.launcher.executor=local runs the same without Slurm"
                ]
            )

        if self.executor == "slurm" and (silence := _silence()):
            raise UserMistake(
                [
                    f"hydra/launcher=twinrun_slurm: Slurm does not answer ({silence}); is slurmctld up, and does this "
                    "host have its slurm.conf?"
                ]
            )

    def hand_over(self, folder: Path, sweep: Sweep, jobs: Sequence[Job]) -> dict[int, str]:
        """Tasks of `jobs_per_task` jobs; of the local executor, which starts all at once, one for each core in use."""
        beside, size = sweep.model_copy(update={"jobs": ()}), self.jobs_per_task
        tasks = [Task(str(folder), beside, tuple(jobs[first : first + size])) for first in range(0, len(jobs), size)]
        places = [place // size for place in range(len(jobs))]  # the task of each job
        if self.executor == "local":
            lanes = 1 if sweep.is_timed else max(1, min(len(jobs), cores() // max(job.cores for job in jobs)))
            tasks = [Task(str(folder), beside, (*jobs[lane::lanes], *jobs)) for lane in range(lanes)]
            places = [place % lanes for place in range(len(jobs))]
        kind = {"slurm_python": sys.executable} if self.executor == "slurm" else {}
        executor = self._submitit.AutoExecutor(folder=str(folder / LOGS / "%j"), cluster=self.executor, **kind)
        executor.update_parameters(**self.parameters(sweep, jobs))
        most = _most_of_an_array() if self.executor == "slurm" else len(tasks)
        submitted: list[Any] = []
        try:
            for first in range(0, len(tasks), max(1, most)):
                with executor.batch():
                    part = [executor.submit(task) for task in tasks[first : first + most]]
                submitted += part
        except Exception as error:  # what a scheduler refuses, with its own words
            raise UserMistake([f"hydra.launcher: the scheduler took no job ({in_one_line(error)})"]) from None
        ids = [str(task.job_id) for task in submitted]
        self._tasks |= dict(zip(ids, submitted, strict=True))
        return {job.number: ids[place] for job, place in zip(jobs, places, strict=True)}

    def parameters(self, sweep: Sweep, jobs: Sequence[Job]) -> dict[str, Any]:
        """What submitit is told. A task has the time that its arms' time-outs let it take."""
        limit_min = self.timeout_min or max(1, math.ceil(max(job.limit_s for job in jobs) / 60))
        if self.executor == "local":
            return {"timeout_min": limit_min * len(jobs)}
        limit_min = limit_min if self.timeout_min else limit_min * self.jobs_per_task
        memory_gb = self.mem_gb or max(1, math.ceil(max(job.memory_bytes for job in jobs) / 2**30))
        code = Path(harness.__file__).absolute().parents[1]
        stated = {name: getattr(self, name) for name in ("partition", "account", "qos", "constraint", "gres")}
        return {
            "name": f"twinrun-{sweep.verb}",
            "timeout_min": limit_min,
            "mem_gb": memory_gb,
            "cpus_per_task": self.cpus_per_task or max(job.cores for job in jobs),
            "slurm_array_parallelism": self.array_parallelism,
            "slurm_setup": [*self.setup, f"export PYTHONPATH={code}:$PYTHONPATH"],
            **{f"slurm_{name}": value for name, value in stated.items() if value is not None},
            **({"slurm_exclusive": True} if sweep.is_timed else {}),
        }

    def gone(self, handed: Mapping[int, str]) -> set[int]:
        """Jobs whose task has ended, or is not known. Slurm is asked once for all."""
        if self.executor == "local":
            return {number for number, name in handed.items() if self._tasks[name].done()}
        queue = _asked("squeue", "--noheader", "--array", "--me", "--format=%i")
        return set() if queue is None else {number for number, name in handed.items() if name not in queue.split()}

    def withdraw(self, handed: Mapping[int, str]) -> None:
        """Cancels the tasks. Those of the local executor look at the folder themselves."""
        names = sorted(set(handed.values()))
        for first in range(0, len(names) if self.executor == "slurm" else 0, AT_ONCE):
            _asked("scancel", *names[first : first + AT_ONCE])


def _most_of_an_array() -> int:
    """The tasks that one array of Slurm may have; Slurm's own default where it does not tell."""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", _asked("scontrol", "show", "config") or "", re.MULTILINE)
    return max(1, int(found[1])) if found else MOST_OF_AN_ARRAY


def _silence() -> str:
    """Why Slurm's controller does not answer; empty where it does."""
    try:
        asked = subprocess.run(["sinfo", "--noheader"], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return in_one_line(error)
    lines = [line for line in asked.stderr.splitlines() if line.strip()]
    return "" if asked.returncode == 0 else (lines or [f"sinfo ended with {asked.returncode}"])[-1]


def _asked(*command: str) -> str | None:
    """What a command of Slurm prints; None where it fails, as while its controller does not answer."""
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
        return process.stdout
    except (OSError, subprocess.SubprocessError):
        return None
