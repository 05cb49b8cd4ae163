"""Climbs the rungs. All arms are asked at the same time, and an arm that cannot answer gets a verdict too."""

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
from harness.judging.silence import NO_WORD, silent_arms, silent_rung
from harness.records.failure import NOT_RECORDED, Failure, WorkerFailedError
from harness.records.verdict import Verdict
from harness.rungs import registry, trajectory
from harness.rungs.rung import Question
from harness.spec.changes import Changes
from harness.system.progress import doing, ignore
from harness.worker.asking import side_by_side
from harness.worker.respondent import Respondent
from harness.worker.task import Task

# What a task is given, by the names of its parameters.
Payload = Mapping[str, Any]


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
    `on_stage`: is given each rung's name before its question is made.
    `on_answers`: is given each rung's name, the payload of its question, and the answers.
    The first divergence is localised and, where a known form explains it, gets the advice that makes the arms equal.
    """
    alive = {worker.arm.name: worker for worker in workers}
    all_workers = list(alive.values())
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(max_workers=max(1, len(alive))) as pool, _closed_on_interrupt(all_workers):
        for rung, question in registry.questions(context.stated.rungs).items():
            if rungs is not None and rung not in rungs:
                continue
            if not alive:
                break
            if context.cost is not None and rung in context.cost.asked.left_out:
                verdicts.append(silent_rung(rung, context.cost.why_left_out(rung)))
                on_rung(rung, verdicts[-1:])
                continue
            on_stage(rung)
            with doing(REFERENCE, "question", context.on_work):
                payload = question.ask(context)
            if payload.get("cases") == []:  # no word of that family: no clipping, say
                if rung in context.stated.rungs:
                    verdicts.append(silent_rung(rung, NO_WORD))
                    on_rung(rung, verdicts[-1:])
                continue
            answers, failures = _ask_all(pool, alive, question.task, payload)
            for name, failure in failures.items():
                if failure.symptom != NOT_RECORDED:  # a recorded arm may have answers to the questions after it
                    del alive[name]
                    on_failure(name, failure)
            on_answers(rung, payload, answers)
            with doing(REFERENCE, "verdicts", context.on_work):
                rung_verdicts = question.judge(context, answers) if answers else []
            rung_verdicts += silent_arms(rung, answers, rung_verdicts)
            rung_verdicts = rung_verdicts if context.cost is None else context.cost.noted(rung, rung_verdicts)
            if first_of([*before, *verdicts]) is None:
                with doing(REFERENCE, "place and cause of the divergence", context.on_work):
                    rung_verdicts = _with_explanation(context, question, payload, rung_verdicts, answers, pool, alive)
            rung_verdicts += [failure_verdict(rung, name, failure) for name, failure in failures.items()]
            verdicts += rung_verdicts
            on_rung(rung, rung_verdicts)
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


def _ask_all(
    pool: ThreadPoolExecutor, alive: Mapping[str, Respondent], task: Task, payload: Mapping[str, Any]
) -> tuple[dict[str, Answer], dict[str, Failure]]:
    """The arms' answers by name, and the failures of the arms that have none."""
    return side_by_side(pool, alive, partial(_ask_one, task=task, payload=payload))


def _with_explanation(
    context: Context,
    question: Question,
    payload: Mapping[str, Any],
    verdicts: list[Verdict],
    answers: Answers,
    pool: ThreadPoolExecutor,
    alive: Mapping[str, Respondent],
) -> list[Verdict]:
    """The verdicts with the first divergence in front, localised, and with advice where a known form explains it."""
    first = first_of(verdicts)
    if first is None:
        return verdicts
    first_workers = {name: worker for name, worker in alive.items() if name in (first.arm_a, first.arm_b)}

    def ask_again(task: Task, payload: Mapping[str, Any]) -> Answers:
        answers_again, failures = _ask_all(pool, first_workers, task, payload)
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
        answers_again, failures = _ask_all(
            pool, {name: alive[name]}, question.task, {**payload, "changes": dict(changes)}
        )
        failures_again.update(failures)
        return answers_again.get(name)

    advice = advise(context, question, first, answers, ask_changed, explained.phase)
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


def _ask_one(worker: Respondent, task: Task, payload: Mapping[str, Any]) -> Answer:
    result, arrays = worker.ask(task, **payload)
    return Answer(worker.arm, result, arrays)
