"""A pool of workers, one per arm, each of which is asked about one experiment after another."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
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
        key = _key(arm)
        worker = self._alive.get(key)
        if worker is None or worker.failed:
            folder = self._folder_of(arm)
            folder.mkdir(parents=True, exist_ok=True)
            with deferred():  # else an interrupted one would not be among those that `close` ends
                worker = self._alive[key] = Worker(arm, folder, scratch)
        worker.on_work = self.on_work
        worker.turn_to(scratch)
        return worker

    def _folder_of(self, arm: Arm) -> Path:
        """Where the arm's process runs and its log is written."""
        return self.folder / "arms" / arm.name

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


OpenPool = Callable[[Path, OnWork], AbstractContextManager[Workers]]
LOG = "worker.log"


class KeptWorkers(Workers):
    """Workers that answer for one run after another, so that a framework is imported once for all of them.

    A worker is kept for the next run where it has not failed and the run before asked it too; only a run with an arm of
    the very same settings is answered by it. The processes run below `folder`. Each run gets the part of their logs
    that was written during it.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folders: dict[str, Path] = {}
        self._asked: dict[str, tuple[Arm, int]] = {}

    @contextmanager
    def lent(self, folder: Path, on_work: OnWork = ignore) -> Iterator[Workers]:
        """The pool for one run, whose logs go below `folder`."""
        self.on_work = on_work
        self._asked.clear()
        try:
            yield self
        finally:
            with suppress(OSError):  # a full disk has its own message where records are written
                self._write_logs(folder)
            self._end_unneeded()

    def of(self, arm: Arm, scratch: Path) -> Worker:
        """The arm's worker, of this run or of one before."""
        key = _key(arm)
        if key not in self._asked:
            log = self._folder_of(arm) / LOG
            self._asked[key] = (arm, log.stat().st_size if log.exists() else 0)
        return super().of(arm, scratch)

    def _folder_of(self, arm: Arm) -> Path:
        """A folder for each arm's settings: arms of one name may have others in another run."""
        key = _key(arm)
        return self._folders.setdefault(key, self.folder / f"{len(self._folders)}-{arm.name}")

    def _write_logs(self, folder: Path) -> None:
        for arm, start in self._asked.values():
            source, place = self._folder_of(arm) / LOG, folder / "arms" / arm.name
            if source.exists():  # else it could not be started
                place.mkdir(parents=True, exist_ok=True)
                with source.open("rb") as log, (place / LOG).open("ab") as copy:
                    log.seek(start)
                    shutil.copyfileobj(log, copy)

    def _end_unneeded(self) -> None:
        """Ends the workers that have failed, and those that only a run before asked."""
        with deferred():
            for key in [key for key, worker in self._alive.items() if worker.failed or key not in self._asked]:
                self._alive.pop(key).close()


def _key(arm: Arm) -> str:
    """Arms with the same settings have the same worker."""
    return arm.model_dump_json()
