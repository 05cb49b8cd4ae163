"""`hydra/launcher=twinrun_slurm`: the jobs of an application as an array of Slurm, through submitit."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn

from hydra_plugins.twinrun_launchers.one_job import OneJob, TwinrunLauncher, package

NAME = "twinrun_slurm"
OF_SLURM = ("partition", "account", "qos", "constraint", "gres", "array_parallelism", "setup")


class SlurmLauncher(TwinrunLauncher):
    """Its fields are those of `conf/hydra/launcher/twinrun_slurm.yaml`."""

    def run(self, folder: Path, jobs: Sequence[OneJob]) -> list[JobReturn]:
        """Submits one array and waits for it; a job that is lost has the status FAILED."""
        submitit = package("submitit", "slurm", NAME)
        executor_name = self.field("executor") or "slurm"
        is_slurm = executor_name == "slurm"
        kind = {"slurm_python": sys.executable} if is_slurm else {}
        executor = submitit.AutoExecutor(folder=str(folder / "submitit" / "%j"), cluster=executor_name, **kind)
        executor.update_parameters(**self.parameters(is_slurm))
        with executor.batch():
            submitted = [executor.submit(job) for job in jobs]
        return [_returned(task, job) for task, job in zip(submitted, jobs, strict=True)]

    def parameters(self, is_slurm: bool) -> dict[str, Any]:
        """What submitit is told; fields that are null are left to the cluster."""
        stated = {name: self.field(name) for name in ("timeout_min", "mem_gb", "cpus_per_task")}
        stated |= {f"slurm_{name}": self.field(name) for name in OF_SLURM} if is_slurm else {}
        return {name: value for name, value in stated.items() if value not in (None, [])}


def _returned(task: Any, job: OneJob) -> JobReturn:
    try:
        returned = task.result()
    except Exception as error:  # submitit raises many kinds where a task has left no result
        return job.lost(error)
    assert isinstance(returned, JobReturn)
    return returned
