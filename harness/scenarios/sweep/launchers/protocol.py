"""What a launcher must do. One of a user's own is named by `_target_`, and is given the fields of its node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from harness.composition.mistakes import UserMistake
from harness.composition.sweep.hydra_options import BASIC_LAUNCHER
from harness.records.failure import in_one_line
from harness.records.sweep import Attempt, Job, Sweep

OnRow = Callable[[Attempt], None]


@runtime_checkable
class LocalJobs(Protocol):
    """Runs jobs in this process's time, and returns when none runs any more."""

    def run(
        self, folder: Path, sweep: Sweep, jobs: Sequence[Job], on_row: OnRow, is_stopped: Callable[[], bool]
    ) -> None:
        """Runs the jobs with `harness.scenarios.sweep.job.run_job`, begins none once `is_stopped`, tells each row."""


@runtime_checkable
class RemoteJobs(Protocol):
    """Hands jobs to a scheduler, which runs them without this process."""

    def hand_over(self, folder: Path, sweep: Sweep, jobs: Sequence[Job]) -> Mapping[int, str]:
        """Hands the jobs over, and returns as what the scheduler knows each, by its number."""

    def gone(self, handed: Mapping[int, str]) -> set[int]:
        """Those of the jobs that the scheduler neither runs nor will run."""

    def withdraw(self, handed: Mapping[int, str]) -> None:
        """Takes jobs back that have not begun."""


Launcher = LocalJobs | RemoteJobs


def launcher_of(node: Mapping[str, Any]) -> Launcher:
    """The launcher of Hydra's node. Raises UserMistake where it cannot be made."""
    from hydra.utils import instantiate

    if node.get("_target_") == BASIC_LAUNCHER:
        from harness.scenarios.sweep.launchers.local import LocalLauncher

        return LocalLauncher(n_jobs=1)
    try:
        launcher = instantiate(dict(node))
    except UserMistake:
        raise
    except Exception as error:
        cause = error.__cause__ if isinstance(error.__cause__, UserMistake) else None
        if cause is not None:
            raise cause from None
        raise UserMistake([f"hydra.launcher: {node.get('_target_')} cannot be made ({in_one_line(error)})"]) from None
    if not isinstance(launcher, LocalJobs | RemoteJobs):
        raise UserMistake(
            [
                f"hydra.launcher: {node.get('_target_')} is no launcher of twinrun (docs/sweeps.md says what one must "
                "do); those that ship: basic, joblib, twinrun_slurm, twinrun_ray"
            ]
        )
    return launcher
