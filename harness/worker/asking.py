"""Several arms are asked at once, and waited for side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, as_completed
from typing import Protocol, TypeVar

from harness.worker.failure import Failure, WorkerFailedError


class Closable(Protocol):
    def close(self) -> None: ...


Asked = TypeVar("Asked", bound=Closable)
Told = TypeVar("Told")


def side_by_side(
    pool: Executor, workers: Mapping[str, Asked], ask: Callable[[Asked], Told], all_needed: bool = False
) -> tuple[dict[str, Told], dict[str, Failure]]:
    """What `ask` returns for each worker, by the arm's name, and what became of those that have no answer.

    `pool` must have a thread for each. `all_needed`: without one of them the others are of no use, so that they are
    ended and not waited for; they are in neither of the two. Where anything else is raised, all are ended.
    """
    pending = {pool.submit(ask, worker): name for name, worker in workers.items()}
    answers: dict[str, Told] = {}
    failures: dict[str, Failure] = {}
    try:
        for answer in as_completed(pending):
            try:
                answers[pending[answer]] = answer.result()
            except WorkerFailedError as error:
                failures[pending[answer]] = error.failure
                if all_needed:
                    break
    except BaseException:
        _close(workers.values())  # else leaving the pool would wait for their answers
        raise
    _close(worker for name, worker in workers.items() if name not in answers and name not in failures)
    return {n: answers[n] for n in workers if n in answers}, {n: failures[n] for n in workers if n in failures}


def _close(workers: Iterable[Closable]) -> None:
    for worker in workers:
        worker.close()
