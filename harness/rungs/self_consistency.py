"""Rung `self`: each arm against itself, before it is compared with another.

Three free runs from the same start, in one process. An arm that does not repeat itself bit for bit is said to be so,
with its spread, by which the tolerances of its trajectory are widened; one whose spread is more than rounding explains
diverges from itself, and nothing that it is compared with can be held against anyone else.
"""

from __future__ import annotations

from typing import Any

from harness.judging.context import Answer, Answers, Context
from harness.judging.envelope import envelope
from harness.judging.repeats import NAME, RUNS, Repeats
from harness.records.verdict import Verdict
from harness.rungs.rung import Question, Rung
from harness.rungs.tasks import TASKS


def ask(context: Context) -> dict[str, Any]:
    return {"steps": context.free_steps, "runs": dict.fromkeys(RUNS)}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    return [_judged(context, answer) for answer in answers.values()]


def _judged(context: Context, answer: Answer) -> Verdict:
    repeats = Repeats(answer.arm, answer.tensor, context.free_steps)
    verdict = repeats.judge(lambda: envelope(context, answer.arm, context.free_steps).loss)
    if verdict.tolerance is not None and not repeats.is_exact:
        context.spreads[answer.arm.name] = repeats.spread
    return verdict


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS["free-run"]))
