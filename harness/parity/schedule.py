"""Rung `schedule`: does each side compute the same rate at every step, at every boundary, and past the end?

Every form a framework offers is compared with the reference; the forms that are trained with, also with one another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.reference.schedules import oracle, rates
from harness.parity.context import Answer, Answers, Context, pairs
from harness.parity.judge import Claim, judge
from harness.parity.tolerances import own_error
from harness.parity.verdict import Verdict
from harness.spec.schedules import Schedule
from harness.worker.arrays import save_arrays

NAME = "schedule"
PAST_THE_END = 10
# Boundaries this far beyond the horizon, and no further, are still probed.
REACH = 10


def subjects(context: Context) -> list[Schedule]:
    """The experiment's own schedule first, then those of the suite."""
    return list(dict.fromkeys([context.experiment.schedule, *context.experiment.suite]))


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
    for number, word in enumerate(words):
        reference = oracle(word, steps)
        in_float32 = rates(word, steps, np.float32)

        def claim(
            answer: Answer, index: int, reference: Any = reference, in_float32: Any = in_float32
        ) -> Claim:
            values = answer.arrays[str(index)]
            window = max(1, len(steps) // 50)
            tolerance = own_error(reference, in_float32, values.dtype, window)
            return Claim(answer.arm.name, values, tolerance, values.dtype)

        used: dict[str, Claim] = {}
        for answer in answers.values():
            for index, form in enumerate(answer.result["forms"]):
                if form["schedule"] != number:
                    continue
                made = claim(answer, index)
                subject = f"{word.name_in_tables}: {form['name']}"
                verdict = judge(NAME, subject, reference, made, None, lambda i: f"step {steps[i[0]]}")
                verdicts.append(_as_declared(verdict, form))
                if form["used"]:
                    used[answer.arm.name] = made
        for a, b in pairs(answers):
            if b is not None:
                both = used[a.arm.name], used[b.arm.name]
                verdicts.append(
                    judge(NAME, word.name_in_tables, reference, *both, lambda i: f"step {steps[i[0]]}")
                )
    return verdicts


def _as_declared(verdict: Verdict, form: Any) -> Verdict:
    """A form declared to differ is `known` if it does; if it does not, the declaration is what is wrong."""
    kind = form["realisation"]["kind"] + (", trained with" if form["used"] else "")
    if not form["differs"]:
        cause = f"{kind}; {verdict.cause}" if verdict.cause else kind
        return verdict.model_copy(update={"cause": cause})
    if verdict.status == "diverges":
        return verdict.model_copy(update={"status": "known", "cause": f"not used; {form['differs']}"})
    cause = f"declared to differ ({form['differs']}), but agrees: the declaration is out of date"
    return verdict.model_copy(update={"status": "diverges", "cause": cause})
