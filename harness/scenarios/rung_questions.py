"""A rung's question, put to all arms at the same time, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from harness.judging.context import REFERENCE, Answer, Answers, Context
from harness.judging.silence import NO_WORD, silent_arms, silent_rung
from harness.records.failure import NOT_RECORDED, Failure
from harness.records.verdict import Verdict
from harness.rungs.rung import Question
from harness.system.progress import doing
from harness.worker.asking import side_by_side
from harness.worker.respondent import Respondent
from harness.worker.task import Task

# What a task is given, by the names of its parameters.
Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Replies:
    """A rung's question and what the arms answered. `silence`: the verdict on a rung that nobody was asked."""

    rung: str
    question: Question
    payload: Payload = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)
    silence: Verdict | None = None


def put(
    context: Context,
    pool: ThreadPoolExecutor,
    alive: dict[str, Respondent],
    on_stage: Callable[[str], None],
    rung: str,
    question: Question,
) -> Replies | None:
    """Asks all arms that are alive; removes those that fail. None where none is alive."""
    if not alive:
        return None
    if context.cost is not None and rung in context.cost.asked.left_out:
        return Replies(rung, question, silence=silent_rung(rung, context.cost.why_left_out(rung)))
    on_stage(rung)
    with doing(REFERENCE, "question", context.on_work), np.errstate(all="ignore"):
        payload = question.ask(context)
    if payload.get("cases") == []:  # no word of that family: no clipping, say
        is_chosen = rung in context.stated.rungs
        return Replies(rung, question, silence=silent_rung(rung, NO_WORD) if is_chosen else None)
    answers, failures = ask_all(pool, alive, question.task, payload)
    for name, failure in failures.items():
        if failure.symptom != NOT_RECORDED:  # a recorded arm may have answers to the questions after it
            del alive[name]
    return Replies(rung, question, payload, answers, failures)


def judged(context: Context, replies: Replies) -> list[Verdict]:
    """The verdicts on what the arms answered; those that failed get others."""
    with doing(REFERENCE, "verdicts", context.on_work):
        verdicts = replies.question.judge(context, replies.answers) if replies.answers else []
    verdicts += silent_arms(replies.rung, replies.answers, verdicts)
    return verdicts if context.cost is None else context.cost.noted(replies.rung, verdicts)


def ask_all(
    pool: ThreadPoolExecutor, alive: Mapping[str, Respondent], task: Task, payload: Mapping[str, Any]
) -> tuple[dict[str, Answer], dict[str, Failure]]:
    """The arms' answers by name, and the failures of the arms that have none."""
    return side_by_side(pool, alive, partial(_ask_one, task=task, payload=payload))


def _ask_one(worker: Respondent, task: Task, payload: Mapping[str, Any]) -> Answer:
    result, arrays = worker.ask(task, **payload)
    return Answer(worker.arm, result, arrays)
