"""Asks several arms at the same time and collects their answers and failures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future, as_completed, wait
from typing import Protocol, TypeVar

from harness.records.failure import Failure, WorkerFailedError


class Closable(Protocol):
    """Anything that can be asked and ended."""

    def close(self) -> None: ...


Respondent = TypeVar("Respondent", bound=Closable)
Reply = TypeVar("Reply")


def side_by_side(
    pool: Executor, workers: Mapping[str, Respondent], ask: Callable[[Respondent], Reply], all_needed: bool = False
) -> tuple[dict[str, Reply], dict[str, Failure]]:
    """What `ask` returns for each worker, by the arm's name, and the failures of those that did not answer.

    `pool` must have a thread for each worker. `all_needed`: one failure makes the other answers useless. The others are
    then waited for as long again, since they may fail too, and ended; they are in neither result. All workers are ended
    where anything but the failure of an arm is raised.
    """
    start_s = time.monotonic()
    pending = {pool.submit(ask, worker): name for name, worker in workers.items()}
    answers: dict[str, Reply] = {}
    failures: dict[str, Failure] = {}

    def take(answer: Future[Reply]) -> None:
        try:
            answers[pending[answer]] = answer.result()
        except WorkerFailedError as error:
            failures[pending[answer]] = error.failure

    try:
        for answer in as_completed(pending):
            take(answer)
            if failures and all_needed:
                break
        unanswered = [answer for answer, name in pending.items() if name not in answers and name not in failures]
        for answer in wait(unanswered, timeout=time.monotonic() - start_s).done:
            take(answer)
    except BaseException:
        _close(workers.values())  # leaving the pool would wait for their answers
        raise
    _close(worker for name, worker in workers.items() if name not in answers and name not in failures)
    return {n: answers[n] for n in workers if n in answers}, {n: failures[n] for n in workers if n in failures}


def _close(workers: Iterable[Closable]) -> None:
    for worker in workers:
        worker.close()
