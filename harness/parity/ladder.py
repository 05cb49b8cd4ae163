"""Climbs the rungs: every arm is asked at once, and what an arm cannot answer is a verdict too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.parity import activation, applied_lr, clipping, initializer, layer, loss, model, optimizer, schedule, step
from harness.parity.context import Answer, Answers, Context
from harness.parity.verdict import Verdict
from harness.parity.words import WordRung
from harness.worker.failure import Failure, WorkerFailedError
from harness.worker.process import Worker


@dataclass(frozen=True)
class Rung:
    """`ask` gives the payload of a worker's task; `judge` turns the answers into verdicts."""

    name: str
    ask: Callable[[Context], dict[str, Any]]
    judge: Callable[[Context, Answers], list[Verdict]]
    task: str


def _of_words(rung: WordRung) -> Rung:
    return Rung(rung.name, rung.ask, rung.judge, "words")


RUNGS = (
    *(Rung(each.NAME, each.ask, each.judge_answers, each.NAME) for each in (schedule, applied_lr)),
    *(_of_words(each.RUNG) for each in (activation, loss)),
    Rung(initializer.NAME, initializer.ask, initializer.judge_answers, initializer.NAME),
    *(_of_words(each.RUNG) for each in (layer, clipping, optimizer)),
    *(Rung(each.NAME, each.ask, each.judge_answers, each.NAME) for each in (model, step)),
)


def climb(
    context: Context,
    workers: Iterable[Worker],
    on_rung: Callable[[str, list[Verdict]], None],
    on_failure: Callable[[str, Failure], None],
) -> list[Verdict]:
    """All verdicts, in order. An arm that fails is reported at the rung where it did, and asked no more."""
    alive = {worker.arm.name: worker for worker in workers}
    everyone = list(alive.values())
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(max_workers=max(1, len(alive))) as pool, _closed_on_interrupt(everyone):
        for rung in RUNGS:
            if not alive:
                break
            payload = rung.ask(context)
            if payload.get("cases") == []:  # no word of that family: no clipping, say
                continue
            pending = {name: pool.submit(_ask, worker, rung.task, payload) for name, worker in alive.items()}
            answers: dict[str, Answer] = {}
            found: list[Verdict] = []
            for name, answer in pending.items():
                try:
                    answers[name] = answer.result()
                except WorkerFailedError as error:
                    del alive[name]
                    on_failure(name, error.failure)
                    found.append(failed(rung.name, name, error.failure))
            if answers:
                found = [*rung.judge(context, answers), *found]
            verdicts += found
            on_rung(rung.name, found)
    return verdicts


def failed(rung: str, arm: str, failure: Failure) -> Verdict:
    """The verdict on an arm that has no answer."""
    return Verdict(rung=rung, subject=failure.stage, arm_a=arm, status=failure.status, cause=failure.message)


@contextmanager
def _closed_on_interrupt(workers: list[Worker]) -> Iterator[None]:
    """Ends the workers before the pool is left, which would else wait for their answers."""
    try:
        yield
    except BaseException:
        for worker in workers:
            worker.close()
        raise


def _ask(worker: Worker, task: str, payload: dict[str, Any]) -> Answer:
    result, arrays = worker.ask(task, **payload)
    return Answer(worker.arm, result, arrays)
