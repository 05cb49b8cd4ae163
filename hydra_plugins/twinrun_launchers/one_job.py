"""What all launchers for applications share: a job in another process, and the return of one that was lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, configure_log, run_job
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict


@dataclass(frozen=True)
class OneJob:
    """One job of an application, which can be pickled and is called in its own process."""

    hydra_context: HydraContext
    task_function: TaskFunction
    config: DictConfig
    overrides: Sequence[str]
    number: int
    state: Any

    def __call__(self) -> JobReturn:
        """Runs the application's function. What it raises is in the return, with the status FAILED."""
        Singleton.set_state(self.state)
        config = self.hydra_context.config_loader.load_sweep_config(self.config, list(self.overrides))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = self.number
        return run_job(self.task_function, config, "hydra.sweep.dir", "hydra.sweep.subdir", self.hydra_context)

    def lost(self, error: Exception) -> JobReturn:
        """The return of a job whose process died: the others keep theirs."""
        returned = JobReturn(overrides=list(self.overrides), status=JobStatus.FAILED)
        returned.return_value = error
        return returned


class TwinrunLauncher(Launcher):
    """A launcher, which is set up as Hydra does it. A subclass runs the jobs."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keeps what Hydra gives before it launches."""
        self.config, self.hydra_context, self.task_function = config, hydra_context, task_function

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Runs all jobs, and waits for them."""
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        folder = Path(str(self.config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        context, function, state = self.hydra_context, self.task_function, Singleton.get_state()
        numbered = enumerate(job_overrides, initial_job_idx)
        return self.run(folder, [OneJob(context, function, self.config, texts, n, state) for n, texts in numbered])

    def run(self, folder: Path, jobs: Sequence[OneJob]) -> list[JobReturn]:
        """Runs the jobs. `folder`: of the sweep."""
        raise NotImplementedError

    def field(self, name: str) -> Any:
        """A field of the launcher's node as plain Python."""
        value = self.fields.get(name)
        return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


def package(name: str, extra: str, launcher: str) -> Any:
    """The package that a launcher needs. Raises HydraException, with the command that installs it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise HydraException(
            f"hydra/launcher={launcher} needs the package {name}: pip install 'twinrun[{extra}]' ({error})"
        ) from None
