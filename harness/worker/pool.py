"""A pool of workers, one per arm, each of which is asked about one experiment after another."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from harness.spec.arm import Arm
from harness.system.progress import OnWork, ignore
from harness.system.stopping import deferred
from harness.worker.process import Worker


class Workers:
    """The workers of all arms. Their logs are written below `folder`; all are ended when the pool is left.

    `on_work`: is told how far the workers' tasks are.
    """

    def __init__(self, folder: Path, on_work: OnWork = ignore) -> None:
        self.folder, self.on_work = folder, on_work
        self._alive: dict[str, Worker] = {}

    def of(self, arm: Arm, scratch: Path) -> Worker:
        """The arm's worker for the experiment in `scratch`; a new one where there is none or the last has failed."""
        key = arm.model_dump_json()
        worker = self._alive.get(key)
        if worker is None or worker.failed:
            folder = self.folder / "arms" / arm.name
            folder.mkdir(parents=True, exist_ok=True)
            with deferred():  # else an interrupted one would not be among those that `close` ends
                worker = self._alive[key] = Worker(arm, folder, scratch)
            worker.on_work = self.on_work
        worker.turn_to(scratch)
        return worker

    def close(self) -> None:
        """Ends all workers. An interruption takes effect when all have ended."""
        with deferred():
            for worker in self._alive.values():
                worker.close()
            self._alive.clear()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
