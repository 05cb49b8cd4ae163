"""Workers that live as long as they are of use: one per arm, asked about one experiment after another."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from harness.spec.arm import Arm
from harness.worker.process import Worker


class Workers:
    """`folder` is where their logs lie, by arm; each is ended when the pool is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._alive: dict[str, Worker] = {}

    def of(self, arm: Arm, scratch: Path) -> Worker:
        """The arm's worker, turned to the experiment in `scratch`; a new one where the last has failed."""
        key = arm.model_dump_json()
        worker = self._alive.get(key)
        if worker is None or worker.failed:
            folder = self.folder / "arms" / arm.name
            folder.mkdir(parents=True, exist_ok=True)
            worker = self._alive[key] = Worker(arm, folder, scratch)
        worker.turn_to(scratch)
        return worker

    def close(self) -> None:
        for worker in self._alive.values():
            worker.close()
        self._alive.clear()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
