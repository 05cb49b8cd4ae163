"""Rung `schedule`: does each side compute the same rate at every step, at every boundary, and past the end?

Every form a framework offers is compared with the reference; the forms that are trained with, also with one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from adapters.reference.schedules import oracle, rates
from harness.judging.checks import Check, judge_checks
from harness.judging.context import Answer, Answers, Context
from harness.judging.judge import Claim
from harness.judging.ledger_excuses import of_word, versions
from harness.judging.tolerances import Excuse, Tolerance, own_error
from harness.ledger import ledger
from harness.records.verdict import Verdict
from harness.rungs.rung import Question, Rung
from harness.rungs.tasks import TASKS
from harness.spec.schedules import Schedule
from harness.spec.vocabulary import specimens
from harness.system.array_files import save_arrays

NAME = "schedule"
PAST_THE_END = 10
# Boundaries this far beyond the horizon, and no further, are still probed.
REACH = 10


def subjects(context: Context) -> list[Schedule]:
    """The experiment's own schedule first, then the suite's; every specimen where the vocabulary is checked."""
    e = context.stated
    whole: Any = specimens("schedule") if "schedule" in e.vocabulary else ()
    return list(dict.fromkeys([e.schedule, *e.suite, *whole]))


def probed_steps(schedules: list[Schedule], horizon: int) -> Any:
    """Every step of the horizon, `PAST_THE_END` more, and each boundary with the step on either side."""
    boundaries = [step for word in schedules for step in word.boundaries_of_interest() if step <= REACH * horizon]
    around = [step + offset for step in boundaries for offset in (-1, 0, 1)]
    return np.unique([*range(horizon + PAST_THE_END), *(step for step in around if step >= 0)])


def ask(context: Context) -> dict[str, Any]:
    words = subjects(context)
    path = context.scratch / "schedule_steps.npz"
    save_arrays(path, {"steps": probed_steps(words, context.plan.steps)})
    return {"schedules": [word.model_dump(mode="json") for word in words], "steps": str(path)}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    words = subjects(context)
    steps = probed_steps(words, context.plan.steps)
    verdicts: list[Verdict] = []
    for number, word in enumerate(map(context.replacement.of, words)):
        reference = oracle(word, steps)
        tolerances = {kind: rate_tolerance(word, steps, np.dtype(kind).type) for kind in ("float32", "float64")}
        used: dict[str, Claim] = {}
        for answer in answers.values():
            for index, form in enumerate(answer.result["forms"]):
                if form["schedule"] != number:
                    continue
                made, verdict = _judged(
                    context, answer, word, form, answer.tensor(str(index)), steps, reference, tolerances
                )
                verdicts.append(verdict)
                if form["used"]:
                    used[answer.arm.name] = made
        if len(used) > 1:
            name_index = partial(_step_of, steps)
            verdicts += judge_checks([Check(NAME, word.name_in_tables, reference, used, name_index, tensor="rate")])
    return verdicts


def _step_of(steps: Any, index: tuple[int, ...]) -> str:
    return f"step {steps[index[0]]}"


def rate_tolerance(word: Schedule, steps: Any, precision: Any) -> Tolerance:
    """The reference's own error in `precision`, and what it does to the rate to round each number of the spec to it."""
    reference = oracle(word, steps)
    own = own_error(reference, rates(word, steps, np.float32), precision, neighbours(steps))
    return with_rounding(own, reference, word, steps, precision)


def with_rounding(own: Tolerance, reference: Any, word: Schedule, steps: Any, precision: Any) -> Tolerance:
    """Adds to a tolerance on rates what the rate moves when one number of the spec after the other is rounded."""
    epsilon = float(np.finfo(precision).eps)
    moved = (np.abs(oracle(other, steps) - reference) for other in _perturbed(word, epsilon))
    # A decay factor below the smallest normal number may be flushed to 0 before it meets the initial rate.
    flushed = float(np.finfo(precision).tiny) * max(1.0, float(np.max(reference)))
    return Tolerance(own.bound + sum(moved) + flushed, f"{own.source} + the effect of rounding the schedule's numbers")


def neighbours(steps: Any) -> int:
    """How many probed steps on either side share their largest error."""
    return max(1, len(steps) // 50)


def _perturbed(word: Schedule, epsilon: float) -> Iterator[Schedule]:
    """The schedule with one number at a time made larger by a relative `epsilon`."""
    for name, value in word:
        if isinstance(value, float):
            yield word.model_copy(update={name: value * (1 + epsilon)})
        elif isinstance(value, Schedule):
            yield from (word.model_copy(update={name: each}) for each in _perturbed(value, epsilon))


def _judged(
    context: Context,
    answer: Answer,
    word: Schedule,
    form: Any,
    values: Any,
    steps: Any,
    reference: Any,
    tolerances: dict[str, Tolerance],
) -> tuple[Claim, Verdict]:
    """One form against the reference, over the steps it was asked for. What the ledger says of it is `known`."""
    asked = steps if form["last"] is None else steps[steps <= form["last"]]
    whole = tolerances[values.dtype.name]
    own, reference = Tolerance(whole.bound[: len(asked)], whole.source), reference[: len(asked)]
    entry = next((entry for entry in ledger() if entry.id == form["differs"]), None)
    if entry is not None and not entry.concerns(versions(context, answer.arm)):
        entry = None

    def excuse() -> Excuse | None:
        if entry is None:
            return None
        if entry.kind == "inaccurate":
            return of_word([entry], reference, own)
        return Excuse(None, f"ledger: {entry.id}")

    made = Claim(answer.arm.name, values, own, values.dtype, excuse)
    subject = f"{word.name_in_tables}: {form['name']}" + (f", first {len(asked)} steps" if form["last"] else "")
    check = Check(NAME, subject, reference, {answer.arm.name: made}, partial(_step_of, steps), tensor="rate")
    (verdict,) = judge_checks([check])
    kind = form["realisation"]["kind"] + (", used" if form["used"] else ", not used" if verdict.cause else "")
    return made, verdict.model_copy(update={"cause": f"{kind}; {verdict.cause}" if verdict.cause else kind})


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME], {"": ("schedule",)}))
