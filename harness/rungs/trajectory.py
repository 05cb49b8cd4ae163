"""Rung `trajectory`: free-running training, compared at every step.

Live arms make a short run, whose losses and digests `free_run` judges. Of recorded trainings the first `free_steps`
losses are judged by the chaos envelope, past whose horizon a float32 curve tells nothing; two float64 arms are also
compared with one another over `STRICT_STEPS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from adapters.protocol import Adapter
from adapters.reference.ensemble import disturbed
from harness.judging.checks import judge_checks
from harness.judging.context import Context
from harness.judging.envelope import LOSS, envelope
from harness.judging.ledger_excuses import propagated
from harness.judging.overflow import up_to_overflow
from harness.judging.silence import silent_arms
from harness.oracles.oracle import ArmValues, Place, checks
from harness.oracles.reference import Reference
from harness.plan import digest_in_precision
from harness.records.array_types import FloatArray
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.rungs import checkpoints
from harness.rungs.free_run import DISTURBED, PLANNED, judge_answers, judge_strictly
from harness.rungs.free_run import NAME as NAME
from harness.rungs.free_run_hypotheses import shorten
from harness.rungs.rung import OF_THE_MODEL, OF_THE_UPDATE, Question, Rung, Trainings
from harness.rungs.tasks import TASKS
from harness.spec.words_within import words_within
from harness.system.array_files import save_arrays


def ask(context: Context) -> dict[str, Any]:
    """A run from the plan's weights, and one from these weights moved by a unit in the last place."""
    path = context.scratch / "disturbed.npz"
    save_arrays(path, disturbed(context.plan.weights, 1))
    return {"steps": context.free_steps, "runs": {PLANNED: None, DISTURBED: str(path)}}


def judge_trainings(trainings: Trainings) -> list[Verdict]:
    """The verdicts on the curves of all arms; an arm that recorded no step is unverified."""
    verdicts = judge_traces(trainings.context, trainings.traces)
    for trace in trainings.traces:
        verdicts += checkpoints.judge_arm(trainings.context, trace, trainings.checkpoints.get(trace.arm.name, {}))
    return verdicts + silent_arms(NAME, trainings.healthy, verdicts, "no step was recorded of the training")


def judge_traces(context: Context, traces: Sequence[Trace]) -> list[Verdict]:
    """One verdict for each pair, over the steps that both have recorded; a curve that was cut off never agrees.

    If an arm trained by another plan, only this is judged.
    """
    recorded = [trace for trace in traces if trace.losses]
    if not recorded:
        return []
    other_plans = [verdict for trace in recorded for verdict in _of_another_plan(context, trace)]
    if other_plans:
        return other_plans  # curves with different starts are not compared
    verdicts = []
    pairs = list(combinations(recorded, 2)) if len(recorded) > 1 else [(recorded[0], None)]
    for a, b in pairs:
        if b is not None and a.arm.precision == b.arm.precision == "float64":
            verdict = judge_strictly(a.arm.name, b.arm.name, np.asarray(a.losses), np.asarray(b.losses))
            verdicts.append(_cut_off(verdict, context, [a, b]))
        curves = [trace for trace in (a, b) if trace is not None]
        count = min(context.free_steps, *(len(trace.losses) for trace in curves))
        losses = {t.arm.name: ArmValues(t.arm, {LOSS: np.asarray(t.losses[:count])}) for t in curves}
        place = Place("train_loss", name_index=lambda index: f"step {index[0]}")
        (check,) = up_to_overflow(checks(NAME, _oracle(context, curves, count), losses, {LOSS: place}))
        subject = f"train_loss, steps 0 to {len(check.reference) - 1}"
        (verdict,) = judge_checks([replace(check, subject=subject)])
        verdicts.append(_cut_off(verdict, context, curves))
    return verdicts


def free_run(context: Context, adapter: Adapter, steps: int) -> FloatArray:
    """The losses of the adapter's first `steps` updates from the plan's weights, (steps,)."""
    trainer = context.trainer(adapter, steps)
    results = [
        context.updated(trainer, batch, adapter.arm.variable_dtype) for batch in context.steps(steps, "free run")
    ]
    return np.concatenate([result.losses for result in results])


def _of_another_plan(context: Context, trace: Trace) -> list[Verdict]:
    """A divergence for the plan and one for the initial weights, if the training had others than were sent."""
    rounded = digest_in_precision(context.plan.weights, trace.arm.variable_dtype)
    sent = {"plan": context.plan.digest, "initial weights": rounded}
    recorded = {"plan": trace.plan_digest, "initial weights": trace.initial_weights_digest}
    return [
        Verdict(
            rung=NAME,
            subject=item,
            arm_a=trace.arm.name,
            status="diverges",
            culprit=trace.arm.name,
            cause=f"the training had {recorded[item][:8] or 'none'}, {sent[item][:8]} was sent",
        )
        for item in sent
        if recorded[item] != sent[item]
    ]


def _oracle(context: Context, traces: Sequence[Trace], count: int) -> Reference:
    """The first `count` losses of the reference, with the chaos envelope of each arm as its tolerance."""
    arms = [trace.arm for trace in traces]
    envelopes = {arm.name: envelope(context, arm, count) for arm in arms}
    words = list(words_within(context.experiment.recipe))
    effects = {
        arm.name: propagated(context, arm, words, lambda: {LOSS: free_run(context, context.oracle, count)})
        for arm in arms
    }
    return Reference(
        {LOSS: envelopes[arms[0].name].oracle[LOSS]},
        {name: {LOSS: of_arm.loss} for name, of_arm in envelopes.items()},
        {name: partial(effect.excuse, reduce=np.maximum.accumulate) for name, effect in effects.items()},
    )


def _cut_off(verdict: Verdict, context: Context, traces: list[Trace]) -> Verdict:
    """The verdict, or `diverges` or the failure's status if a curve has more or fewer steps than the plan."""
    mismatched = [t for t in traces if len(t.losses) != context.plan.steps]
    if not mismatched or verdict.status == "diverges":
        return verdict
    cause = "; ".join(f"{t.arm.name} recorded {len(t.losses)} of {context.plan.steps} steps" for t in mismatched)
    changes = {"cause": cause, "culprit": ", ".join(t.arm.name for t in mismatched)}
    if any(len(t.losses) > context.plan.steps for t in mismatched):
        return verdict.model_copy(update={**changes, "status": "diverges"})
    failure = next((t.failure for t in mismatched if t.failure is not None), None)
    return verdict.model_copy(update={**changes, "status": failure.status if failure else "crashed"})


PARTS = (*OF_THE_MODEL, *OF_THE_UPDATE)
RUNG = Rung(NAME, Question(ask, judge_answers, TASKS["free-run"], {"": PARTS}, shorten), judge_trainings)
