"""Hydra's callbacks, called by the process that sees a sweep to its end. The rows on disk do not depend on them."""

from __future__ import annotations

from typing import Any

from harness.records.sweep import Attempt, Job, Sweep


class JobCallbacks:
    """`on_multirun_start`, `on_job_end` for each row, and `on_multirun_end`, which is also called after failures.

    Each is given a config with `hydra.job.num`, `hydra.overrides.task`, `hydra.sweep.dir` and the swept `values`.
    """

    def __init__(self, sweep: Sweep, folder: str) -> None:
        self.folder = folder
        self._callbacks: Any = None
        if sweep.callbacks:
            from hydra._internal.callbacks import Callbacks
            from omegaconf import OmegaConf

            self._callbacks = Callbacks(OmegaConf.create({"hydra": {"callbacks": sweep.callbacks}}))

    def start(self, sweep: Sweep) -> None:
        """The sweep begins."""
        if self._callbacks is not None:
            self._callbacks.on_multirun_start(config=self._config(sweep.typed, {}))

    def row(self, job: Job, row: Attempt) -> None:
        """An attempt at a job has ended."""
        if self._callbacks is None:
            return
        from hydra.core.utils import JobReturn, JobStatus

        status = JobStatus.COMPLETED if row.status == "done" else JobStatus.FAILED
        value = row.model_dump(mode="json") if row.status == "done" else RuntimeError(row.message or row.sentence)
        config = self._config(job.overrides, job.values, num=job.number)
        returned = JobReturn(overrides=job.overrides, cfg=config, status=status, working_dir=row.folder)
        returned.return_value = value
        self._callbacks.on_job_end(config=config, job_return=returned)

    def end(self, sweep: Sweep) -> None:
        """No job runs any more."""
        if self._callbacks is not None:
            self._callbacks.on_multirun_end(config=self._config(sweep.typed, {}))

    def _config(self, overrides: tuple[str, ...], values: dict[str, str], **job: Any) -> Any:
        from omegaconf import OmegaConf

        hydra = {"job": job, "overrides": {"task": list(overrides)}, "sweep": {"dir": self.folder}}
        return OmegaConf.create({"hydra": hydra, "values": dict(values)})
