"""Jobs as tasks of a Ray cluster: each in a process of its own, never repeated by Ray, since a lost one has a row."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.composition.mistakes import UserMistake
from harness.records.failure import in_one_line
from harness.records.sweep import Job, Sweep
from harness.results.sweep_folder import (
    SWEEP,
    attempts_at,
    begin_attempt,
    cancel,
    now,
    uncancel,
    write_attempt,
)
from harness.scenarios.sweep.job import run_job
from harness.scenarios.sweep.launchers.extras import answering, package
from harness.scenarios.sweep.launchers.protocol import OnRow
from harness.system.stopping import shielded

POLL_S = 0.5
STOP_S = 40.0  # seconds for tasks to write their rows once the sweep is to stop
LOCAL = "local"  # an address that starts a cluster on this host


def run_here(folder: str, sweep: Sweep, job: Job) -> bool:
    """A task: runs a job on the host that Ray has chosen. Returns whether that host sees the folder.

    `sweep`: without its jobs, so that no task reads those of all the others.
    """
    place = Path(folder)
    if not (place / SWEEP).is_file():
        return False
    run_job(place, sweep, job, launched_as=f"ray:{socket.gethostname()}")
    return True


@dataclass
class RayLauncher:
    """The fields are those of `conf/hydra/launcher/twinrun_ray.yaml`."""

    address: str | None = None
    num_cpus: float | None = None
    num_gpus: float = 0
    resources: Mapping[str, float] = field(default_factory=dict)
    timeout_s: float = 20.0

    def __post_init__(self) -> None:
        """Raises UserMistake where Ray is missing or the cluster does not answer, before any job begins."""
        package("ray", "ray", "hydra/launcher=twinrun_ray")
        if self.address not in (None, LOCAL, "auto"):
            answering(str(self.address), self.timeout_s)

    def run(
        self, folder: Path, sweep: Sweep, jobs: Sequence[Job], on_row: OnRow, is_stopped: Callable[[], bool]
    ) -> None:
        """Submits all jobs, and reports each row when its task ends, or is lost with its node."""
        ray: Any = package("ray", "ray", "hydra/launcher=twinrun_ray")
        if not ray.is_initialized():
            self._connect(ray)
        _refuse_infeasible([self.needs(sweep, job) for job in jobs], [n for n in ray.nodes() if n.get("Alive")])
        remote = ray.remote(max_calls=1, max_retries=0)(run_here)
        beside = ray.put(sweep.model_copy(update={"jobs": ()}))
        tasks = {remote.options(**self.needs(sweep, job)).remote(str(folder), beside, job): job for job in jobs}
        try:
            while tasks and not is_stopped():
                ended, _ = ray.wait(list(tasks), num_returns=1, timeout=POLL_S)
                for task in ended:
                    self._report(ray, folder, task, tasks.pop(task), on_row)
        except BaseException:
            with shielded():
                self._stop(ray, folder, tasks, on_row)
            raise
        self._stop(ray, folder, tasks, on_row)

    def needs(self, sweep: Sweep, job: Job) -> dict[str, Any]:
        """The resources of a task. What is timed has its host for itself by the turns that every job takes."""
        return {
            "num_cpus": self.num_cpus or job.cores,
            "num_gpus": self.num_gpus,
            "memory": job.memory_bytes,
            "resources": {str(name): amount for name, amount in self.resources.items()},
            "name": f"twinrun {sweep.verb} {job.number}",
        }

    def _connect(self, ray: Any) -> None:
        # Ray prints the last words of a lost node on standard output, where scripts read JSON. The row says it too.
        import_module("ray._private.worker")._worker_logs_enabled = False  # type: ignore[attr-defined]
        address = None if self.address == LOCAL else self.address
        quiet = {"log_to_driver": False, "include_dashboard": False} if address is None else {"log_to_driver": False}
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a task without GPUs keeps its environment
        try:
            ray.init(address=address or LOCAL, logging_level="ERROR", **quiet)
        except Exception as error:
            raise UserMistake(
                [f"hydra.launcher.address={self.address}: no Ray cluster ({in_one_line(error)})"]
            ) from None

    def _report(self, ray: Any, folder: Path, task: Any, job: Job, on_row: OnRow) -> None:
        why = ""
        try:
            if not ray.get(task):
                why = f"{folder} is not there on the host that Ray chose: hosts must share the results folder"
        except ray.exceptions.TaskCancelledError:
            return
        except ray.exceptions.RayError as error:
            why = f"lost with its node or its process: {type(error).__name__}"
        attempts = attempts_at(folder, job.number)
        row = attempts[-1] if attempts else None
        if why and (row is None or row.status != "running"):
            row = begin_attempt(folder, job)
        if why and row is not None:
            row = row.model_copy(update={"status": "lost", "ended": now(), "message": why})
            write_attempt(folder, row)
        if row is not None:
            on_row(row)

    def _stop(self, ray: Any, folder: Path, tasks: dict[Any, Job], on_row: OnRow) -> None:
        """Ends the tasks that run, and takes back those that have not begun."""
        if not tasks:
            return
        cancel(folder)
        for task in tasks:
            with suppress(Exception):
                ray.cancel(task, force=False)
        ended, _ = ray.wait(list(tasks), num_returns=len(tasks), timeout=STOP_S)
        for task in ended:
            with suppress(Exception):
                self._report(ray, folder, task, tasks[task], on_row)
        uncancel(folder)


def _refuse_infeasible(needs: Sequence[Mapping[str, Any]], nodes: Sequence[Mapping[str, Any]]) -> None:
    """Raises UserMistake where no node has what a job needs: Ray would wait for such a node without end."""
    for need in needs:
        stated = {"CPU": need["num_cpus"], "GPU": need["num_gpus"], "memory": need["memory"], **need["resources"]}
        asked = {name: amount for name, amount in stated.items() if amount}
        if not any(all(node["Resources"].get(name, 0) >= amount for name, amount in asked.items()) for node in nodes):
            told = ", ".join(f"{name} {amount:g}" for name, amount in asked.items())
            raise UserMistake(
                [
                    f"hydra/launcher=twinrun_ray: none of the {len(nodes)} nodes of the cluster has {told}; state "
                    "hydra.launcher.num_cpus, num_gpus and resources, or add such a node"
                ]
            )
