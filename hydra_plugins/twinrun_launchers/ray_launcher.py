"""`hydra/launcher=twinrun_ray`: the jobs of an application as tasks of a Ray cluster, each in its own process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn

from hydra_plugins.twinrun_launchers.one_job import OneJob, TwinrunLauncher, package

NAME = "twinrun_ray"


class RayLauncher(TwinrunLauncher):
    """Its fields are those of `conf/hydra/launcher/twinrun_ray.yaml`."""

    def run(self, folder: Path, jobs: Sequence[OneJob]) -> list[JobReturn]:
        """Submits all jobs and waits; one that is lost with its node or process has the status FAILED."""
        ray = package("ray", "ray", NAME)
        if not ray.is_initialized():
            address = self.field("address")
            further = {} if address else {"include_dashboard": False}
            ray.init(address=address or "local", logging_level="ERROR", **further)
        remote = ray.remote(max_calls=1, max_retries=0)(_run)
        needs = {name: self.field(name) for name in ("num_cpus", "num_gpus", "resources")}
        return [_returned(ray, task, job) for task, job in [(remote.options(**needs).remote(job), job) for job in jobs]]


def _run(job: OneJob) -> JobReturn:
    return job()


def _returned(ray: Any, task: Any, job: OneJob) -> JobReturn:
    try:
        returned = ray.get(task)
    except ray.exceptions.RayError as error:
        return job.lost(error)
    assert isinstance(returned, JobReturn)
    return returned
