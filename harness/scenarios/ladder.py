"""Climbs the rungs: every arm is asked at once, and what an arm cannot answer is a verdict too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from harness.diagnosis.advice import advise
from harness.diagnosis.localisation import localised
from harness.judging.context import Answer, Answers, Context
from harness.judging.envelope import envelope
from harness.judging.first_divergence import first_of
from harness.judging.silence import NO_WORD, silent_arms, silent_rung
from harness.records.failure import Failure, WorkerFailedError
from harness.records.verdict import Verdict
from harness.rungs import registry, trajectory
from harness.rungs.questions import question_digest
from harness.rungs.rung import Question
from harness.spec.changes import Changes
from harness.worker.asking import side_by_side
from harness.worker.process import Worker
from harness.worker.task import Task


def climb(
    context: Context,
    workers: Iterable[Worker],
    on_rung: Callable[[str, list[Verdict]], None],
    on_failure: Callable[[str, Failure], None],
    on_answers: Callable[[str, str, Answers], None],
) -> list[Verdict]:
    """All verdicts, in order. An arm that fails is reported at the rung where it did, and asked no more.

    `on_answers`: is given each rung's name, the digest of its question, and the answers.
    The first divergence is gone after: where it stands, and, where it is a known form, what would mend it.
    """
    alive = {worker.arm.name: worker for worker in workers}
    everyone = list(alive.values())
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(max_workers=max(1, len(alive))) as pool, _closed_on_interrupt(everyone):
        for rung, question in registry.questions(context.stated.rungs).items():
            if not alive:
                break
            payload = question.ask(context)
            if payload.get("cases") == []:  # no word of that family: no clipping, say
                if rung in context.stated.rungs:
                    verdicts.append(silent_rung(rung, NO_WORD))
                    on_rung(rung, verdicts[-1:])
                continue
            answers, failures = _asked(pool, alive, question.task, payload)
            for name, failure in failures.items():
                del alive[name]
                on_failure(name, failure)
            on_answers(rung, question_digest(question.task, payload), answers)
            found = question.judge(context, answers) if answers else []
            found += silent_arms(rung, answers, found)
            if first_of(verdicts) is None:
                found = _gone_after(context, question, payload, found, answers, pool, alive)
            found += [failed(rung, name, failure) for name, failure in failures.items()]
            verdicts += found
            on_rung(rung, found)
    return verdicts


@contextmanager
def prepared(context: Context) -> Iterator[None]:
    """While the frameworks are being imported, the reference makes the runs that take it longest."""
    stopping = threading.Event()

    def prepare() -> None:
        with np.errstate(all="ignore"):
            for arm in context.stated.arms if trajectory.NAME in registry.questions(context.stated.rungs) else ():
                if not stopping.is_set():
                    envelope(context, arm, context.free_steps)

    thread = threading.Thread(target=prepare, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()


def _asked(
    pool: ThreadPoolExecutor, alive: Mapping[str, Worker], task: Task, payload: Mapping[str, Any]
) -> tuple[dict[str, Answer], dict[str, Failure]]:
    """The arms' answers, asked side by side, and what became of those that have none."""
    return side_by_side(pool, alive, partial(_ask, task=task, payload=payload))


def _gone_after(
    context: Context,
    question: Question,
    payload: Mapping[str, Any],
    found: list[Verdict],
    answers: Answers,
    pool: ThreadPoolExecutor,
    alive: Mapping[str, Worker],
) -> list[Verdict]:
    """The verdicts, the first divergence before the others, with its place, and with advice where there is some."""
    first = first_of(found)
    if first is None:
        return found
    asked = {name: worker for name, worker in alive.items() if name in (first.arm_a, first.arm_b)}

    def again(task: Task, payload: Mapping[str, Any]) -> Answers:
        told, failures = _asked(pool, asked, task, payload)
        if failures:
            raise WorkerFailedError(next(iter(failures.values())))
        return told

    try:
        place = localised(context, first, again)
    except WorkerFailedError as error:
        # The divergence stands, wherever it is; an arm that cannot be asked again is no news of its own.
        place = first.model_copy(update={"cause": f"{first.cause}; not localised: {error.failure}"})

    lost: dict[str, Failure] = {}

    def given(name: str, changes: Changes) -> Answer | None:
        told, failures = _asked(pool, {name: alive[name]}, question.task, {**payload, "changes": dict(changes)})
        lost.update(failures)
        return told.get(name)

    advice = advise(context, question, first, answers, given)
    if advice is not None:
        place = place.model_copy(update={"cause": advice.cause, "advice": advice.advice})
    if lost:
        failed_again = "; ".join(f"{name} failed when asked again: {failure}" for name, failure in lost.items())
        place = place.model_copy(update={"cause": f"{place.cause}; {failed_again}"})
    return [place, *(verdict for verdict in found if verdict is not first)]


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


def _ask(worker: Worker, task: Task, payload: Mapping[str, Any]) -> Answer:
    result, arrays = worker.ask(task, **payload)
    return Answer(worker.arm, result, arrays)
