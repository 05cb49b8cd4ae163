"""Rung `self`: each arm against itself, before it is compared with another.

Three free runs from the same start, in one process. An arm that does not repeat itself bit for bit is said to be so,
with its spread, by which the tolerances of its trajectory are widened; one whose spread is more than rounding explains
diverges from itself, and nothing that it is compared with can be held against anyone else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.judging.context import Answer, Answers, Context
from harness.judging.envelope import envelope
from harness.judging.ulp import error_against, shown_ulp
from harness.records.verdict import Verdict
from harness.rungs.rung import Question, Rung
from harness.rungs.tasks import TASKS
from harness.system.array_files import Arrays

NAME = "self"
RUNS = ("first", "second", "third")


def ask(context: Context) -> dict[str, Any]:
    return {"steps": context.free_steps, "runs": dict.fromkeys(RUNS)}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    return [_judged(context, answer) for answer in answers.values()]


def _judged(context: Context, answer: Answer) -> Verdict:
    spread = {what: _spread([answer.tensor(f"{run}/{what}") for run in RUNS]) for what in ("losses", "digests")}
    head = {"rung": NAME, "subject": f"three runs, steps 0 to {context.free_steps - 1}", "arm_a": answer.arm.name}
    missing = [run for run in RUNS if answer.tensor(f"{run}/losses").shape != (context.free_steps,)]
    if missing:
        return Verdict(**head, status="diverges", culprit=answer.arm.name, cause=f"the {missing[0]} run was cut short")
    if not any(np.any(each) for each in spread.values()):
        said = {"tolerance": 0.0, "tolerance_source": "bit-equal, run for run"}
        return Verdict(**head, status="agrees", **said, detects=float(np.finfo(answer.precision).eps))
    context.spreads[answer.arm.name] = spread
    return _not_reproducible(context, answer, spread, head)


def _not_reproducible(context: Context, answer: Answer, spread: Arrays, head: Any) -> Verdict:
    """Where its losses lie apart most, against what rounding does to a run."""
    first = answer.tensor("first/losses").astype(np.float64)
    tolerance = envelope(context, answer.arm, context.free_steps).loss
    excess = spread["losses"] / tolerance.bound
    worst = int(np.argmax(excess))
    units = float(spread["losses"][worst] / shown_ulp(first, answer.precision)[worst])
    wrong = bool(excess[worst] > 1)
    where = f"it does not repeat itself bit for bit: by step {worst} its losses lie {units:.3g} ULP apart"
    return Verdict(
        **head,
        status="diverges" if wrong else "agrees",
        culprit=answer.arm.name if wrong else "",
        step=worst,
        tensor="loss",
        worst_ulp=units,
        worst_index=f"step {worst}",
        value_a=float(first[worst]),
        error_over_tolerance=float(excess[worst]),
        tolerance=float(tolerance.bound[worst]),
        tolerance_source=tolerance.source,
        cause=where + ("" if wrong else "; the tolerances of its trajectory are widened by that"),
    )


def _spread(runs: list[Any]) -> Any:
    """By element, the largest distance of a later run from the first; infinite where one is cut short."""
    first, *others = runs
    if any(other.shape != first.shape for other in others):
        return np.full(first.shape, np.inf)
    return np.max([error_against(other, first) for other in others], axis=0)


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS["free-run"]))
