"""Rung `trajectory`: free-running training, every loss and a digest of every tensor at every step.

Live arms make a short run, which `free_run` judges. Of recorded trainings the loss curves are judged: in float32 the
first `free_steps`, by the chaos envelope, past whose horizon they say nothing; two float64 arms against one another
over `STRICT_STEPS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from adapters.protocol import Adapter
from adapters.reference.ensemble import disturbed
from harness.judging.checks import judge_checks
from harness.judging.context import Context
from harness.judging.envelope import LOSS, envelope
from harness.judging.ledger_excuses import propagated, words_within
from harness.judging.silence import silent_arms
from harness.oracles.oracle import ArmValues, Place, checks
from harness.oracles.reference import Reference
from harness.plan import digest_in_precision
from harness.records.array_types import FloatArray
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.rungs.free_run import DISTURBED, PLANNED, judge_answers, strictly
from harness.rungs.free_run import NAME as NAME
from harness.rungs.rung import Question, Rung, Trainings
from harness.rungs.tasks import TASKS
from harness.system.array_files import save_arrays


def ask(context: Context) -> dict[str, Any]:
    """A run from the plan's weights, and one from these moved by a unit in the last place."""
    path = context.scratch / "disturbed.npz"
    save_arrays(path, disturbed(context.plan.weights, 1))
    return {"steps": context.free_steps, "runs": {PLANNED: None, DISTURBED: str(path)}}


def judge_trainings(trainings: Trainings) -> list[Verdict]:
    """The curves of all arms; one that recorded no step is unverified."""
    verdicts = judge_traces(trainings.context, trainings.traces)
    return verdicts + silent_arms(NAME, trainings.healthy, verdicts, "no step was recorded of the training")


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
        losses = {t.arm.name: ArmValues(t.arm, {LOSS: np.asarray(t.losses[:count])}) for t in curves}
        place = Place(f"train_loss, steps 0 to {count - 1}", name_index=lambda index: f"step {index[0]}")
        (verdict,) = judge_checks(checks(NAME, _oracle(context, curves, count), losses, {LOSS: place}))
        verdicts.append(_cut_off(verdict, context, curves))
    return verdicts


def free_run(context: Context, adapter: Adapter, steps: int) -> FloatArray:
    """The losses of the adapter's first `steps` updates from the plan."""
    trainer = context.trainer(adapter, steps)
    each = [context.updated(trainer, batch, adapter.arm.precision) for batch in context.batches(steps)]
    return np.concatenate([result.losses for result in each])


def _of_another_plan(context: Context, trace: Trace) -> list[Verdict]:
    """Whether the training had this plan's bytes, and started from its weights."""
    rounded = digest_in_precision(context.plan.weights, trace.arm.precision)
    sent = {"plan": context.plan.digest, "initial weights": rounded}
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


def _oracle(context: Context, traces: Sequence[Trace], count: int) -> Reference:
    """The first `count` losses of the reference, in the chaos envelope of each arm."""
    arms = [trace.arm for trace in traces]
    envelopes = {arm.name: envelope(context, arm, count) for arm in arms}
    words = list(words_within(context.experiment.recipe))
    effects = {
        arm.name: propagated(context, arm, words, lambda: {LOSS: free_run(context, context.oracle, count)})
        for arm in arms
    }
    return Reference(
        {LOSS: envelopes[arms[0].name].oracle[LOSS]},
        {name: {LOSS: around.loss} for name, around in envelopes.items()},
        {name: partial(effect.excuse, reduce=np.maximum.accumulate) for name, effect in effects.items()},
    )


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


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS["free-run"]), judge_trainings)
