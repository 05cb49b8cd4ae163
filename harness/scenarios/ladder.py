"""Climbs the rungs. All arms are asked at the same time, and an arm that cannot answer gets a verdict too.

While the answers to one question are judged, the arms are at work on the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from harness.diagnosis.advice import advise
from harness.diagnosis.localisation import localised
from harness.judging.context import REFERENCE, Answer, Answers, Context
from harness.judging.envelope import envelope
from harness.judging.first_divergence import first_of
from harness.records.failure import NOT_RECORDED, Failure, WorkerFailedError
from harness.records.verdict import Verdict
from harness.rungs import registry, trajectory
from harness.scenarios.rung_questions import Payload, Replies, ask_all, judged, put
from harness.spec.changes import Changes
from harness.system.ahead import OneAhead
from harness.system.progress import doing, ignore
from harness.worker.respondent import Respondent
from harness.worker.task import Task


def climb(
    context: Context,
    workers: Iterable[Respondent],
    on_rung: Callable[[str, list[Verdict]], None],
    on_failure: Callable[[str, Failure], None],
    on_answers: Callable[[str, Payload, Answers], None] = lambda rung, payload, answers: None,
    on_stage: Callable[[str], None] = ignore,
    rungs: Sequence[str] | None = None,
    before: Sequence[Verdict] = (),
) -> list[Verdict]:
    """All verdicts, in order. An arm that fails is reported at that rung and not asked again.

    `rungs`: the rungs to climb, of those that the experiment chose; None for all of these. `before`: the verdicts of
    rungs that have been climbed already.
    `on_stage`: is given each rung's name before its question is made, in another thread than the caller's.
    `on_answers`: is given each rung's name, the payload of its question, and the answers.
    The first divergence is localised and, where a known form explains it, gets the advice that makes the arms equal.
    """
    alive = {worker.arm.name: worker for worker in workers}
    all_workers = list(alive.values())
    chosen = {
        rung: question
        for rung, question in registry.questions(context.stated.rungs).items()
        if rungs is None or rung in rungs
    }
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(max_workers=max(1, len(alive))) as pool:
        calls = [partial(put, context, pool, alive, on_stage, *each) for each in chosen.items()]
        with OneAhead(calls) as in_turn, _closed_on_interrupt(all_workers):
            for replies in in_turn:
                if replies is None:
                    break
                if replies.silence is not None:
                    verdicts.append(replies.silence)
                    on_rung(replies.rung, verdicts[-1:])
                if not replies.answers and not replies.failures:
                    continue
                for name, failure in replies.failures.items():
                    if failure.symptom != NOT_RECORDED:
                        on_failure(name, failure)
                on_answers(replies.rung, replies.payload, replies.answers)
                rung_verdicts = judged(context, replies)
                if first_of([*before, *verdicts]) is None and first_of(rung_verdicts) is not None:
                    in_turn.settle()  # the workers answer one question at a time
                    with doing(REFERENCE, "place and cause of the divergence", context.on_work):
                        rung_verdicts = _with_explanation(context, replies, rung_verdicts, pool, alive)
                rung_verdicts += [failure_verdict(replies.rung, *each) for each in replies.failures.items()]
                verdicts += rung_verdicts
                on_rung(replies.rung, rung_verdicts)
    return verdicts


@contextmanager
def preparing_envelopes(context: Context) -> Iterator[None]:
    """Computes the envelopes, the slowest work of the reference, in a thread while the frameworks are imported."""
    stopping = threading.Event()

    def prepare() -> None:
        with np.errstate(all="ignore"):
            left_out = context.cost.asked.left_out if context.cost is not None else ()
            is_climbed = trajectory.NAME in registry.questions(context.stated.rungs)
            for arm in context.stated.arms if is_climbed and trajectory.NAME not in left_out else ():
                if not stopping.is_set():
                    envelope(context, arm, context.free_steps)

    thread = threading.Thread(target=prepare, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()


def _with_explanation(
    context: Context,
    replies: Replies,
    verdicts: list[Verdict],
    pool: ThreadPoolExecutor,
    alive: Mapping[str, Respondent],
) -> list[Verdict]:
    """The verdicts with the first divergence in front, localised, and with advice where a known form explains it."""
    first = first_of(verdicts)
    if first is None:
        return verdicts
    first_workers = {name: worker for name, worker in alive.items() if name in (first.arm_a, first.arm_b)}

    def ask_again(task: Task, payload: Mapping[str, Any]) -> Answers:
        answers_again, failures = ask_all(pool, first_workers, task, payload)
        if failures:
            raise WorkerFailedError(next(iter(failures.values())))
        return answers_again

    try:
        explained = localised(context, first, ask_again)
    except WorkerFailedError as error:
        # The divergence stands without its place; a failure of this second question gets no verdict of its own.
        explained = first.model_copy(update={"cause": f"{first.cause}; not localised: {error.failure}"})

    failures_again: dict[str, Failure] = {}

    def ask_changed(name: str, changes: Changes) -> Answer | None:
        if name not in alive:
            return None
        payload = {**replies.payload, "changes": dict(changes)}
        answers_again, failures = ask_all(pool, {name: alive[name]}, replies.question.task, payload)
        failures_again.update(failures)
        return answers_again.get(name)

    advice = advise(context, replies.question, first, replies.answers, ask_changed, explained.phase)
    if advice is not None:
        explained = explained.model_copy(update={"cause": advice.cause, "advice": advice.advice})
    if failures_again:
        failed_again = "; ".join(
            f"{name} failed when asked again: {failure}" for name, failure in failures_again.items()
        )
        if all(failure.symptom == NOT_RECORDED for failure in failures_again.values()):
            failed_again = "what makes them equal is not proven: the recordings have no answer to that"
        explained = explained.model_copy(update={"cause": f"{explained.cause}; {failed_again}"})
    return [explained, *(verdict for verdict in verdicts if verdict is not first)]


def failure_verdict(rung: str, arm: str, failure: Failure) -> Verdict:
    """The verdict on an arm that has no answer."""
    return Verdict(rung=rung, subject=failure.stage, arm_a=arm, status=failure.status, cause=failure.message)


@contextmanager
def _closed_on_interrupt(workers: list[Respondent]) -> Iterator[None]:
    """Ends the workers on an exception, since leaving the pool would wait for their answers."""
    try:
        yield
    except BaseException:
        for worker in workers:
            worker.close()
        raise
