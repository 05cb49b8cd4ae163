"""Rung `schedule`: does every arm compute the same rate at every step, at every boundary, and past the end?

Every form that a framework offers is compared with the reference. The forms that are used in training are also compared
with one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from adapters.reference.schedules import oracle, rates
from harness.judging.checks import Check, judge_checks
from harness.judging.context import Answer, Answers, Context
from harness.judging.first_divergence import first_step
from harness.judging.judge import Claim
from harness.judging.ledger_excuses import of_word, versions
from harness.judging.tolerances import Excuse, Tolerance, own_error
from harness.ledger import ledger
from harness.records.array_types import FloatArray
from harness.records.verdict import Verdict
from harness.rungs.rung import Question, Rung
from harness.rungs.tasks import TASKS
from harness.spec.schedules import Schedule
from harness.spec.vocabulary import specimens
from harness.system.array_files import save_arrays

NAME, RATE = "schedule", "rate"
PAST_THE_END = 10
# Boundaries up to this many times the horizon are probed.
REACH = 10


def subjects(context: Context) -> list[Schedule]:
    """The experiment's schedule, then the suite's; every specimen follows if the vocabulary is checked."""
    e = context.stated
    vocabulary: Any = specimens("schedule") if "schedule" in e.vocabulary else ()
    return list(dict.fromkeys([e.schedule, *e.suite, *vocabulary]))


def probed_steps(schedules: list[Schedule], horizon: int) -> Any:
    """The probed steps, sorted: all of the horizon, `PAST_THE_END` more, and each boundary with both neighbours."""
    boundaries = [step for word in schedules for step in word.boundaries_of_interest() if step <= REACH * horizon]
    near_boundaries = [step + offset for step in boundaries for offset in (-1, 0, 1)]
    return np.unique([*range(horizon + PAST_THE_END), *(step for step in near_boundaries if step >= 0)])


def ask(context: Context) -> dict[str, Any]:
    """The schedules as JSON and the file of the probed steps."""
    words = subjects(context)
    path = context.scratch / "schedule_steps.npz"
    save_arrays(path, {"steps": probed_steps(words, context.plan.steps)})
    return {"schedules": [word.model_dump(mode="json") for word in words], "steps": str(path)}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    """By schedule, a verdict on every form of every arm, then one for every two arms on the forms that they use."""
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
                values = answer.tensor(str(index))
                claim, verdict = _judge_form(context, answer, word, form, values, steps, reference, tolerances)
                verdicts.append(verdict)
                if form["used"]:
                    used[answer.arm.name] = claim
        if len(used) > 1:
            name_index = partial(_step_of, steps)
            check = Check(NAME, word.name_in_tables, reference, used, name_index, tensor=RATE)
            verdicts += [with_first_step(check, verdict) for verdict in judge_checks([check])]
    return verdicts


def with_first_step(check: Check, verdict: Verdict) -> Verdict:
    """The verdict on rates, (steps,), with the first step that differs beside the worst one."""
    arms = [arm for arm in (verdict.arm_a, verdict.arm_b) if arm in check.claims]
    if verdict.status != "diverges" or not verdict.worst_index:
        return verdict
    place = first_step([check], arms)
    if place is None or (first := check.name_index((place[0],))) == verdict.worst_index:
        return verdict
    return verdict.model_copy(update={"worst_index": f"{verdict.worst_index}; first at {first}"})


def _step_of(steps: Any, index: tuple[int, ...]) -> str:
    return f"step {steps[index[0]]}"


def rate_tolerance(word: Schedule, steps: Any, precision: Any) -> Tolerance:
    """The tolerance for the rates: the reference's error in `precision`, plus the effect of rounding the numbers.

    Its bound is (steps,).
    """
    reference = oracle(word, steps)
    error_tolerance = own_error(reference, rates(word, steps, np.float32), precision, neighbours(steps))
    return with_rounding(error_tolerance, word, precision, lambda other: oracle(other, steps))


def with_rounding(
    tolerance: Tolerance, word: Schedule, precision: Any, rates_of: Callable[[Schedule], FloatArray]
) -> Tolerance:
    """The tolerance on rates, widened by the sum of the changes that rounding each number of the schedule causes.

    `rates_of`: the exact rates under a schedule.
    """
    epsilon = float(np.finfo(precision).eps)
    reference = rates_of(word)
    changes = (np.abs(rates_of(other) - reference) for other in _perturbed(word, epsilon))
    # A decay factor below the smallest normal number may be flushed to 0 before it is multiplied by the initial rate.
    flushed = float(np.finfo(precision).tiny) * max(1.0, float(np.max(reference)))
    source = f"{tolerance.source} + the effect of rounding the schedule's numbers"
    return Tolerance(tolerance.bound + sum(changes) + flushed, source)


def neighbours(steps: Any) -> int:
    """The window of the tolerance: the number of probed steps on either side whose errors count for a step."""
    return max(1, len(steps) // 50)


def _perturbed(word: Schedule, epsilon: float) -> Iterator[Schedule]:
    """The schedule with one number at a time increased by a relative `epsilon`."""
    for name, value in word:
        if isinstance(value, float):
            yield word.model_copy(update={name: value * (1 + epsilon)})
        elif isinstance(value, Schedule):
            yield from (word.model_copy(update={name: inner}) for inner in _perturbed(value, epsilon))
        elif isinstance(value, tuple):
            for index, part in enumerate(value):
                for inner in _perturbed(part, epsilon) if isinstance(part, Schedule) else ():
                    yield word.model_copy(update={name: (*value[:index], inner, *value[index + 1 :])})


def _judge_form(
    context: Context,
    answer: Answer,
    word: Schedule,
    form: Any,
    values: Any,
    steps: Any,
    reference: Any,
    tolerances: dict[str, Tolerance],
) -> tuple[Claim, Verdict]:
    """The claim and the verdict of one form, over the steps that it computes; `known` if the ledger has its error."""
    form_steps = steps if form["last"] is None else steps[steps <= form["last"]]
    full = tolerances[values.dtype.name]
    tolerance, reference = Tolerance(full.bound[: len(form_steps)], full.source), reference[: len(form_steps)]
    entry = next((entry for entry in ledger() if entry.id == form["differs"]), None)
    if entry is not None and not entry.concerns(versions(context, answer.arm)):
        entry = None

    def excuse() -> Excuse | None:
        if entry is None:
            return None
        if entry.kind == "inaccurate":
            return of_word([entry], reference, tolerance)
        return Excuse(None, f"ledger: {entry.id}")

    claim = Claim(answer.arm.name, values, tolerance, values.dtype, excuse)
    subject = f"{word.name_in_tables}: {form['name']}" + (f", first {len(form_steps)} steps" if form["last"] else "")
    check = Check(NAME, subject, reference, {answer.arm.name: claim}, partial(_step_of, steps), tensor=RATE)
    (judged,) = judge_checks([check])
    verdict = with_first_step(check, judged)
    kind = form["realisation"]["kind"] + (", used" if form["used"] else ", not used" if verdict.cause else "")
    return claim, verdict.model_copy(update={"cause": f"{kind}; {verdict.cause}" if verdict.cause else kind})


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME], {"": ("schedule",)}))
