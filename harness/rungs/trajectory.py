"""Rung `trajectory`: the loss curves of recorded, free-running trainings.

In float32 the first `free_steps` are judged, by the chaos envelope; past its horizon they say nothing. Two float64
arms are judged against one another over `STRICT_STEPS`. `free_run` is the rung as `check` climbs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from adapters.protocol import Adapter
from harness.judging.checks import Check, judge_checks
from harness.judging.context import Context
from harness.judging.envelope import LOSS, envelope
from harness.judging.judge import Claim
from harness.judging.ledger_excuses import propagated, words_within
from harness.judging.tolerances import STRICT_STEPS, Tolerance, strict
from harness.plan import digest_arrays
from harness.records.array_types import FloatArray
from harness.records.trace import Trace
from harness.records.verdict import Verdict

NAME = "trajectory"


def judge_traces(context: Context, traces: Sequence[Trace]) -> list[Verdict]:
    """One verdict a pair, over the steps that both have recorded; a curve that was cut off never agrees."""
    recorded = [trace for trace in traces if trace.losses]
    if not recorded:
        return []
    strangers = [verdict for trace in recorded for verdict in _of_another_plan(context, trace)]
    if strangers:
        return strangers  # curves that did not start alike are not compared
    judged = context.free_steps
    verdicts = []
    chosen = list(combinations(recorded, 2)) if len(recorded) > 1 else [(recorded[0], None)]
    for a, b in chosen:
        if b is not None and a.arm.precision == b.arm.precision == "float64":
            verdict = strictly(a.arm.name, b.arm.name, np.asarray(a.losses), np.asarray(b.losses))
            verdicts.append(_cut_off(verdict, context, [a, b]))
        curves = [trace for trace in (a, b) if trace is not None]
        count = min(judged, *(len(trace.losses) for trace in curves))
        claims = {trace.arm.name: _claim(context, trace, count) for trace in curves}
        reference = envelope(context, a.arm, count).oracle[LOSS]
        subject = f"train_loss, steps 0 to {count - 1}"
        (verdict,) = judge_checks([Check(NAME, subject, reference, claims, lambda i: f"step {i[0]}", tensor="loss")])
        verdicts.append(_cut_off(verdict, context, curves))
    return verdicts


def free_run(context: Context, adapter: Adapter, steps: int) -> FloatArray:
    """The losses of the adapter's first `steps` updates from the plan."""
    trainer = context.trainer(adapter, steps)
    each = [context.updated(trainer, batch, adapter.arm.precision) for batch in context.batches(steps)]
    return np.concatenate([result.losses for result in each])


def _of_another_plan(context: Context, trace: Trace) -> list[Verdict]:
    """Whether the training had this plan's bytes, and started from its weights."""
    rounded = {name: value.astype(trace.arm.precision) for name, value in context.plan.weights.items()}
    sent = {"plan": context.plan.digest, "initial weights": digest_arrays(rounded)}
    found = {"plan": trace.plan_digest, "initial weights": trace.initial_weights_digest}
    return [
        Verdict(
            rung=NAME,
            subject=what,
            arm_a=trace.arm.name,
            status="diverges",
            culprit=trace.arm.name,
            cause=f"the training had {found[what][:8] or 'none'}, {sent[what][:8]} was sent",
        )
        for what in sent
        if found[what] != sent[what]
    ]


def _claim(context: Context, trace: Trace, count: int) -> Claim:
    around = envelope(context, trace.arm, count)
    words = words_within(context.experiment.recipe)
    known = propagated(context, trace.arm, words, lambda: {LOSS: free_run(context, context.oracle, count)})
    excuse = known.excuse(LOSS, around.loss, np.maximum.accumulate)
    return Claim(trace.arm.name, np.asarray(trace.losses[:count]), around.loss, around.precision, excuse)


def strictly(a: str, b: str, first: FloatArray, second: FloatArray) -> Verdict:
    """Arm against arm in float64, over hundreds of steps, to the project's strict bound."""
    count = min(STRICT_STEPS, len(first), len(second))
    first, second = first[:count], second[:count]
    bound = strict(first)
    exact = Tolerance(np.zeros(()), bound.source)
    claims = {a: Claim(a, first, exact, np.float64), b: Claim(b, second, bound, np.float64)}
    subject = f"train_loss in float64, steps 0 to {count - 1}"
    check = Check(NAME, subject, first, claims, lambda i: f"step {i[0]}", tensor="loss")
    (verdict,) = judge_checks([check])
    # Judged arm against arm: there is no third value to be nearer to, and which is wrong is not said here.
    told = {"nearer": "", "value_reference": None, "culprit": "", "judgement": ""}
    if verdict.status == "diverges":
        told |= {"cause": f"{a} and {b} part company", "judgement": "undetermined"}
    return verdict.model_copy(update=told)


def _cut_off(verdict: Verdict, context: Context, traces: list[Trace]) -> Verdict:
    wrong = [t for t in traces if len(t.losses) != context.plan.steps]
    if not wrong or verdict.status == "diverges":
        return verdict
    cause = "; ".join(f"{t.arm.name} recorded {len(t.losses)} of {context.plan.steps} steps" for t in wrong)
    said = {"cause": cause, "culprit": ", ".join(t.arm.name for t in wrong)}
    if any(len(t.losses) > context.plan.steps for t in wrong):
        return verdict.model_copy(update={**said, "status": "diverges"})
    failure = next((t.failure for t in wrong if t.failure is not None), None)
    return verdict.model_copy(update={**said, "status": failure.status if failure else "crashed"})
