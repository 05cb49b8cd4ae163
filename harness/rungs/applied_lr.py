"""Rung `applied-lr`: does the optimizer apply the schedule's rate at every step?

Each probed step has a weight of its own, which starts at 0 and gets its first gradient, a 1, at that step. It then
moves by the rate times a factor that does not depend on earlier rates, so the rate is recovered without the rounding of
a running sum: `rate = displacement / displacement of the reference at rate 1`. A step here is an update: if several
batches have one together, each of them has the gradient.
"""

from __future__ import annotations

from functools import cache, partial
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
from harness.rungs.schedule import RATE, neighbours, with_first_step, with_rounding
from harness.rungs.tasks import TASKS, displacements
from harness.spec.experiment import Experiment
from harness.spec.schedules import Constant, Schedule
from harness.system.array_files import save_arrays

NAME = "applied-lr"
# The cost grows with updates x probes, so long runs are probed over their first steps only, as the verdict states.
MOST_UPDATES = 2000
EVERY_STEP_UP_TO = 256


def updates(context: Context) -> int:
    """The number of updates that are replayed."""
    return min(_of_the_run(context), MOST_UPDATES)


def _of_the_run(context: Context) -> int:
    return context.stated.accumulation.updates(context.plan.steps)


def probes(context: Context) -> Any:
    """The probed steps, sorted: every early one, the boundaries with both neighbours, and an even spread of others."""
    last = updates(context)
    boundaries = [step + offset for step in context.stated.schedule.boundaries_of_interest() for offset in (-1, 0, 1)]
    spread = np.linspace(0, last - 1, EVERY_STEP_UP_TO).astype(int)
    early = range(min(last, EVERY_STEP_UP_TO))
    return np.unique([*early, *spread, *(step for step in boundaries if 0 <= step < last)])


def ask(context: Context) -> dict[str, Any]:
    """The file of the probed steps and the number of updates."""
    path = context.scratch / "applied_lr_steps.npz"
    save_arrays(path, {"steps": probes(context)})
    group = context.stated.accumulation.group
    # Only a question about several batches says so, so that the digests of recorded questions stay the same.
    return {"probes": str(path), "updates": updates(context), **({"group": group} if group > 1 else {})}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    """The verdicts on the rates that the arms' optimizers applied at the probed steps.

    A step at which the reference overflows in float32 is left out: no rate is right or wrong there.
    """
    probed = probes(context)
    schedule = context.experiment.schedule

    def moved(adapter: Adapter, schedule: Schedule, experiment: Experiment = context.experiment) -> FloatArray:
        at_schedule = experiment.update.model_copy(update={"schedule": schedule})
        return displacements(adapter, at_schedule, probed, updates(context), context.stated.accumulation.group)

    in_float32 = {name: moved(context.in_float32(answer.arm), schedule) for name, answer in answers.items()}
    is_judged = np.isfinite([*in_float32.values()]).all(axis=0)
    if not is_judged.any():
        return []
    steps = probed[is_judged]
    # Of the stated spec: with another one a weight may stay where it is, and no rate would follow from that.
    unit = moved(context.oracle, Constant(rate=1.0), context.stated)

    def rates(displacements: FloatArray) -> FloatArray:
        applied: FloatArray = (displacements / unit)[is_judged]
        return applied

    @cache
    def reference_rates(schedule: Schedule) -> FloatArray:
        # The schedule's rates if the rule moves in proportion to them; asgd, ftrl with an l2 and lamb do not quite.
        return rates(moved(context.oracle, schedule))

    reference = reference_rates(schedule)

    def tolerance(answer: Answer) -> Tolerance:
        error = own_error(reference, rates(in_float32[answer.arm.name]), answer.precision, neighbours(steps))
        return with_rounding(error, schedule, answer.precision, reference_rates)

    def excuse(answer: Answer) -> Excusing:
        effect = propagated(
            context,
            answer.arm,
            [context.experiment.optimizer],
            lambda: {RATE: rates(moved(context.oracle, schedule))},
        )
        return partial(effect.excuse, reduce=np.maximum.accumulate)

    def applied_rates(answer: Answer) -> ArmValues:
        displacements = answer.tensor("moved")
        # An answer of the wrong length is passed on unchanged, and the judge refuses it.
        is_whole = displacements.shape == probed.shape
        return ArmValues(answer.arm, {RATE: rates(displacements) if is_whole else displacements})

    optimizer = context.experiment.optimizer.name_in_tables
    subject = f"{schedule.name_in_tables}, applied by {optimizer}"
    if updates(context) < _of_the_run(context):
        subject += f", first {updates(context)} steps"
    oracle = Reference(
        {RATE: reference},
        {name: {RATE: tolerance(answer)} for name, answer in answers.items()},
        {name: excuse(answer) for name, answer in answers.items()},
    )
    place = Place(subject, name_index=lambda index: f"step {steps[index[0]]}")
    rates_by_arm = {name: applied_rates(answer) for name, answer in answers.items()}
    (check,) = checks(NAME, oracle, rates_by_arm, {RATE: place})
    return [with_first_step(check, verdict) for verdict in judge_checks([check])]


PARTS = ("optimizer", "schedule", "weight_decay", "accumulation", "lookahead", "averaging")
RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME], {"": PARTS}))
