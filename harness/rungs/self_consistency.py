"""Rung `self`: each arm is compared with itself, before it is compared with another.

It makes three free runs from the same start in one process. If they differ, the verdict states their spread, which
widens the tolerances of the arm's trajectory. If the spread is larger than rounding explains, the arm diverges, and
its differences from other arms are no evidence against these.
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
    """Several runs from the plan's weights."""
    return {"steps": context.self_steps, "runs": dict.fromkeys(RUNS)}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    """One verdict for each arm; the spread of an arm that does not repeat itself is kept in `context.spreads`."""
    return [_judged(context, answer) for answer in answers.values()]


def _judged(context: Context, answer: Answer) -> Verdict:
    repeats = Repeats(answer.arm, answer.tensor, context.self_steps)
    verdict = repeats.judge(lambda: envelope(context, answer.arm, context.free_steps).loss.upto(context.self_steps))
    if verdict.tolerance is not None and not repeats.is_exact:
        context.spreads[answer.arm.name] = repeats.spread
    return verdict


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS["free-run"]))
