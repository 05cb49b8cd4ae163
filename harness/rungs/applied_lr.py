"""Rung `applied-lr`: does the optimizer apply that rate at that step?

Each probed step has a weight of its own, which starts at 0 and meets its first gradient, a 1, at that step. What it
moves is then the rate times a factor that does not depend on earlier rates, so the rate is recovered without rounding
in a running sum: `rate = moved / moved by the reference at rate 1`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from adapters.protocol import Adapter
from harness.judging.checks import judge_checks
from harness.judging.context import Answer, Answers, Context
from harness.judging.ledger_excuses import propagated
from harness.judging.tolerances import Tolerance, own_error
from harness.oracles.oracle import ArmValues, Place, checks
from harness.oracles.reference import Excusing, Reference
from harness.records.array_types import FloatArray
from harness.records.verdict import Verdict
from harness.rungs.rung import Question, Rung
from harness.rungs.schedule import neighbours, with_rounding
from harness.rungs.tasks import TASKS
from harness.spec.schedules import Constant, Schedule
from harness.system.array_files import save_arrays

NAME = "applied-lr"
RATE = "rate"
# The cost grows with updates x probes: long runs are probed over their first steps, and the verdict says so.
MOST_UPDATES = 2000
EVERY_STEP_UP_TO = 256


def updates(context: Context) -> int:
    return min(context.plan.steps, MOST_UPDATES)


def probes(context: Context) -> Any:
    """Every early step, the boundaries with the step on either side, and an even spread over the rest."""
    last = updates(context)
    boundaries = [step + offset for step in context.stated.schedule.boundaries_of_interest() for offset in (-1, 0, 1)]
    spread = np.linspace(0, last - 1, EVERY_STEP_UP_TO).astype(int)
    early = range(min(last, EVERY_STEP_UP_TO))
    return np.unique([*early, *spread, *(step for step in boundaries if 0 <= step < last)])


def ask(context: Context) -> dict[str, Any]:
    path = context.scratch / "applied_lr_steps.npz"
    save_arrays(path, {"steps": probes(context)})
    return {"probes": str(path), "updates": updates(context)}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    steps = probes(context)
    schedule = context.experiment.schedule
    unit = _moved(context, context.oracle, Constant(rate=1.0), steps)
    # The schedule's rate where a rule moves in proportion to it; asgd, ftrl with an l2 and lamb do not quite.
    reference = _moved(context, context.oracle, schedule, steps) / unit

    def tolerance(answer: Answer) -> Tolerance:
        in_float32 = _moved(context, context.in_float32(answer.arm), schedule, steps) / unit
        error = own_error(reference, in_float32, answer.precision, neighbours(steps))
        return with_rounding(error, reference, schedule, steps, answer.precision)

    def excuse(answer: Answer) -> Excusing:
        effect = propagated(
            context,
            answer.arm,
            [context.experiment.optimizer],
            lambda: {RATE: _moved(context, context.oracle, schedule, steps) / unit},
        )
        return partial(effect.excuse, reduce=np.maximum.accumulate)

    def applied(answer: Answer) -> ArmValues:
        moved = answer.tensor("moved")
        # Of another length than was asked for it is left as it is, for the judge to refuse.
        return ArmValues(answer.arm, {RATE: moved / unit if moved.shape == unit.shape else moved})

    optimizer = context.experiment.optimizer.name_in_tables
    subject = f"{schedule.name_in_tables}, applied by {optimizer}"
    if updates(context) < context.plan.steps:
        subject += f", first {updates(context)} steps"
    oracle = Reference(
        {RATE: reference},
        {name: {RATE: tolerance(answer)} for name, answer in answers.items()},
        {name: excuse(answer) for name, answer in answers.items()},
    )
    place = Place(subject, name_index=lambda index: f"step {steps[index[0]]}")
    rates = {name: applied(answer) for name, answer in answers.items()}
    return judge_checks(checks(NAME, oracle, rates, {RATE: place}))


def _moved(context: Context, adapter: Adapter, schedule: Schedule, steps: Any) -> FloatArray:
    """What `adapter` moves the weight of each step when its unit gradient comes."""
    moved = np.zeros(len(steps))
    gradients = [{"w": (steps == update).astype(np.float64)} for update in range(updates(context))]
    at_schedule = context.experiment.update.model_copy(update={"schedule": schedule})
    replayed = adapter.optimizer(at_schedule, {"w": np.zeros(len(steps))}, gradients)
    for update, weights in enumerate(replayed):
        moved[steps == update] = weights["w"][steps == update]
    return moved


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME], {"": ("optimizer", "schedule", "weight_decay")}))
