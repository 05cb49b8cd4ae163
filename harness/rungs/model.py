"""Rung `model`: the same structure, the same initial weights, then the same logits and gradients on the first batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Adapter, Parameters
from adapters.reference.ensemble import disturbed
from harness.judging.checks import judge_checks
from harness.judging.context import Answer, Answers, Context
from harness.judging.ledger_excuses import propagated, words_within
from harness.judging.tolerances import RUNS, Tolerance, furthest, loss_error, own_error, pooled_error
from harness.oracles.oracle import Place, checks
from harness.oracles.reference import Reference
from harness.plan import digest_in_precision
from harness.records.tensor_key import TensorKey, keyed, of_kind
from harness.records.verdict import Verdict
from harness.rungs.rung import OF_THE_MODEL, Question, Rung
from harness.rungs.tasks import TASKS
from harness.system.array_files import Arrays

NAME = "model"


def ask(context: Context) -> dict[str, Any]:
    return {}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    verdicts = [_structure(context, answer) for answer in answers.values()]
    verdicts += [_weights(context, answer) for answer in answers.values()]
    if any(verdict.status != "agrees" for verdict in verdicts):
        return verdicts  # what follows presumes equal structure and equal weights
    reference = context.once((NAME, "oracle"), lambda: first_batch(context, context.oracle))
    tolerances = {name: _tolerances(context, answer, reference) for name, answer in answers.items()}
    words = list(words_within(context.experiment.recipe))
    known = {
        name: propagated(context, answer.arm, words, lambda: first_batch(context, context.oracle))
        for name, answer in answers.items()
    }

    oracle = Reference(reference, tolerances, {name: effect.excuse for name, effect in known.items()})
    return verdicts + judge_checks(
        checks(NAME, oracle, answers, {key: _place(key) for key in map(TensorKey.parse, reference)})
    )


def _place(key: TensorKey) -> Place:
    if key.kind != "gradient":
        return Place(key, "forward")
    return Place("gradients", "gradient", None, key.layer, key.of, lambda index: f"{key.of}{list(index)}")


def _tolerances(context: Context, answer: Answer, reference: Arrays) -> dict[str, Tolerance]:
    adapter = context.in_float32(answer.arm)
    own = context.once((NAME, adapter.arm.realisation), lambda: _in_float32(context, adapter, reference))
    gradients = keyed("gradient", of_kind(reference, "gradient"))
    return {
        "logits": own_error(reference["logits"], own["logits"], answer.precision),
        "loss": loss_error(reference["loss"], context.sample_loss_error, answer.precision),
        **pooled_error(gradients, own, answer.precision),
    }


def _in_float32(context: Context, adapter: Adapter, reference: Arrays) -> Arrays:
    moved = (disturbed(context.plan.weights, seed) for seed in range(RUNS))
    return furthest(reference, [first_batch(context, adapter, weights) for weights in moved])


def first_batch(context: Context, adapter: Adapter, weights: Parameters | None = None) -> Arrays:
    """Loss, logits and gradients of the reference on the first batch, at the plan's weights if no others are given."""
    trainer = context.trainer(adapter, horizon=1)
    if weights is not None:
        trainer.set_weights(weights)
    batch = context.batches(1)[0]
    x, y = context.samples(batch, adapter.arm.precision)
    logits = trainer.forward(x)
    loss, gradients = trainer.loss_and_gradients(x, y, batch.noise)
    return {
        "logits": logits,
        "loss": np.array([loss]),
        **keyed("gradient", gradients),
    }


def _structure(context: Context, answer: Answer) -> Verdict:
    model = context.experiment.model
    found = answer.result["structure"]
    wanted = {
        "parameters": [[p.name, list(p.shape), answer.arm.precision] for p in model.parameters()],
        "parameter_count": model.parameter_count,
    }
    wrong = [f"{key} is {found[key]}, the spec says {value}" for key, value in wanted.items() if found[key] != value]
    return _equal(answer, "structure", wrong, "names, shapes, dtypes, counts equal")


def _weights(context: Context, answer: Answer) -> Verdict:
    wrong = []
    if answer.result["plan_digest"] != context.plan.digest:
        wrong.append(f"plan {answer.result['plan_digest'][:8]} arrived, {context.plan.digest[:8]} was sent")
    if answer.result["weights_digest"] != digest_in_precision(context.plan.weights, answer.arm.precision):
        wrong.append("the weights read back are not the plan's")
    verdict = _equal(answer, "initial weights", wrong, "bit-equal, read back from the framework")
    # Of equal bits a unit in the last place of any one number is noticed.
    return verdict if wrong else verdict.model_copy(update={"detects": float(np.finfo(answer.precision).eps)})


def _equal(answer: Answer, subject: str, wrong: list[str], source: str) -> Verdict:
    return Verdict(
        rung=NAME,
        subject=subject,
        arm_a=answer.arm.name,
        arm_b="reference",
        status="diverges" if wrong else "agrees",
        culprit=answer.arm.name if wrong else "",
        tolerance=0.0,
        tolerance_source=source,
        cause="; ".join(wrong),
    )


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME], {"": OF_THE_MODEL}))
