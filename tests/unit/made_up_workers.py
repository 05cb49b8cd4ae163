"""Workers of a bench that start no process: they answer the questions of its timing with times that a test states."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harness.records.failure import WorkerFailedError
from harness.spec.arm import Arm
from harness.system.array_files import Arrays
from harness.worker.task import Task

StepTime = Callable[[Arm], float]  # the seconds of a step of a new process; WorkerFailedError where it fails
HOST = {
    "timed_s": 1.0,
    "cpu_s": 1.0,
    "energy_j": None,
    "before": {"at_s": 0.0},
    "after": {"at_s": 1.0},
    "interference": {},
}
MEMORY = {"after_import": 1 << 20, "after_build": 2 << 20, "peak": 3 << 20}
CONTROL_STEP_S = 0.02


class MadeUpWorker:
    """Takes the place of `Worker` in `harness.scenarios.bench`. Set `step_s` on a subclass, or on an instance."""

    step_s: StepTime

    def __init__(self, arm: Arm, folder: Path, scratch: Path) -> None:
        assert folder.is_dir()
        self.arm, self.timed_s = arm, 0.0
        self.on_work: Any = None
        self.now_s = CONTROL_STEP_S if arm.name == "control" else type(self).step_s(arm)

    def __enter__(self) -> MadeUpWorker:
        return self

    def __exit__(self, *given: Any) -> None:
        pass

    def ask(self, task: Task, **payload: Any) -> tuple[dict[str, Any], Arrays]:
        """The answer to a task of `harness.worker.timing`."""
        answer = getattr(self, f"_{task.name}")
        told: tuple[dict[str, Any], Arrays] = answer(**payload)
        return told

    def _prepare(self, **_: Any) -> tuple[dict[str, Any], Arrays]:
        return {"epoch_steps": 20, "batch_size": 100}, {}

    def _losses(self, steps: int) -> tuple[dict[str, Any], Arrays]:
        return {}, {"losses": np.ones(steps)}

    def _time(self, blocks: int, steps: int) -> tuple[dict[str, Any], Arrays]:
        times_s = np.full(blocks, self.now_s * steps)
        self.timed_s += float(times_s.sum())
        return {"host": dict(HOST)}, {"dispatch_s": times_s, "fetch_s": np.zeros(blocks)}

    def _conclude(self, **_: Any) -> tuple[dict[str, Any], Arrays]:
        about = {"memory": MEMORY, "environment": {"versions": {"numpy": "2"}}, "affinity": [0], "clock_s": 1e-7}
        scores = {"epoch_time_s": None, "time_to_accuracy_s": None, "test_loss": 0.5, "test_accuracy": 0.9}
        times = {"phases": {"import": 0.1}, "wall_s": self.timed_s + 0.1}
        return {**about, **scores, **times, "losses_digest": "d"}, {}

    def _control(self, repetitions: int, **_: Any) -> tuple[dict[str, Any], Arrays]:
        times_s = np.full(repetitions, self.now_s)
        self.timed_s += float(times_s.sum())
        about = {**HOST, "memory": MEMORY, "affinity": [0], "roofline": [], "phases": {}, "wall_s": self.timed_s}
        return {"host": about}, {"dispatch_s": times_s, "fetch_s": np.zeros(repetitions)}


def failing(failure: Any) -> float:
    """Raises the failure, in place of a time."""
    raise WorkerFailedError(failure)
