"""Several arms are asked at once, and waited for side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future, as_completed, wait
from typing import Protocol, TypeVar

from harness.records.failure import Failure, WorkerFailedError


class Closable(Protocol):
    def close(self) -> None: ...


Asked = TypeVar("Asked", bound=Closable)
Told = TypeVar("Told")


def side_by_side(
    pool: Executor, workers: Mapping[str, Asked], ask: Callable[[Asked], Told], all_needed: bool = False
) -> tuple[dict[str, Told], dict[str, Failure]]:
    """What `ask` returns for each worker, by the arm's name, and what became of those that have no answer.

    `pool` must have a thread for each. `all_needed`: without one of them the others are of no use; they are waited for
    as long again, for they may have failed too, and then ended, and are in neither of the two. Where anything else than
    the failure of an arm is raised, all are ended.
    """
    start_s = time.monotonic()
    pending = {pool.submit(ask, worker): name for name, worker in workers.items()}
    answers: dict[str, Told] = {}
    failures: dict[str, Failure] = {}

    def take(answer: Future[Told]) -> None:
        try:
            answers[pending[answer]] = answer.result()
        except WorkerFailedError as error:
            failures[pending[answer]] = error.failure

    try:
        for answer in as_completed(pending):
            take(answer)
            if failures and all_needed:
                break
        late = [answer for answer, name in pending.items() if name not in answers and name not in failures]
        for answer in wait(late, timeout=time.monotonic() - start_s).done:
            take(answer)
    except BaseException:
        _close(workers.values())  # else leaving the pool would wait for their answers
        raise
    _close(worker for name, worker in workers.items() if name not in answers and name not in failures)
    return {n: answers[n] for n in workers if n in answers}, {n: failures[n] for n in workers if n in failures}


def _close(workers: Iterable[Closable]) -> None:
    for worker in workers:
        worker.close()
