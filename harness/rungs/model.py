"""Rung `model`: structure and initial weights of the realised model; logits and gradients on the first batch."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from adapters.protocol import Adapter, Parameters
from adapters.reference.ensemble import disturbed
from harness.judging.checks import judge_checks
from harness.judging.context import Answer, Answers, Context
from harness.judging.ledger_excuses import propagated
from harness.judging.remainders import InFloat32, in_float32
from harness.judging.tolerances import Tolerance, float32_runs, loss_error, own_error, pooled_error
from harness.oracles.oracle import Place, checks
from harness.oracles.reference import Reference
from harness.plan import digest_in_precision
from harness.records.tensor_key import TensorKey, keyed, of_kind
from harness.records.verdict import Verdict
from harness.rungs import mixed_precision
from harness.rungs.rung import OF_THE_MODEL, Question, Rung
from harness.rungs.tasks import TASKS
from harness.spec.words_within import words_within
from harness.system.array_files import Arrays

NAME, GRADIENTS = "model", "gradients"


def ask(context: Context) -> dict[str, Any]:
    """An empty payload: the worker has the experiment and the plan."""
    return {}


def judge_answers(context: Context, answers: Answers) -> list[Verdict]:
    """The verdicts on structure and weights; if all agree, also on the logits, the loss and the gradients."""
    verdicts = [_structure(context, answer) for answer in answers.values()]
    verdicts += [_weights(context, answer) for answer in answers.values()]
    if any(verdict.status != "agrees" for verdict in verdicts):
        return verdicts  # results can be compared only if structure and weights are equal
    reference = context.once((NAME, "oracle"), lambda: first_batch(context, context.oracle))
    mixed = [answer for answer in answers.values() if answer.arm.compute_dtype]
    overflowing = {each.arm.name: mixed_precision.overflowing(_runs(context, each, reference)) for each in mixed}
    told = [each for each in mixed if overflowing[each.arm.name]]
    verdicts += [mixed_precision.overflow(each, overflowing[each.arm.name]) for each in told]
    reference = {name: value for name, value in reference.items() if not any(name in of for of in overflowing.values())}
    tolerances = {name: _tolerances(context, answer, reference) for name, answer in answers.items()}
    words = list(words_within(context.experiment.recipe))
    effects = {
        name: propagated(context, answer.arm, words, lambda: first_batch(context, context.oracle))
        for name, answer in answers.items()
    }

    oracle = Reference(reference, tolerances, {name: effect.excuse for name, effect in effects.items()})
    judged = judge_checks(checks(NAME, oracle, answers, {key: _place(key) for key in map(TensorKey.parse, reference)}))
    for each in mixed:
        named = partial(mixed_precision.named_gradients, answer=each, reference=reference)
        judged = [named(v, tolerances=tolerances[each.arm.name]) if v.subject == GRADIENTS else v for v in judged]
        (of_loss,) = judge_checks([mixed_precision.of_own_outputs(context, each)])
        judged.append(mixed_precision.named_loss(of_loss, each))
    return verdicts + judged


def _place(key: TensorKey) -> Place:
    if key.kind != "gradient":
        return Place(key, "forward")
    return Place(GRADIENTS, "gradient", None, key.layer, key.of, lambda index: f"{key.of}{list(index)}")


def _runs(context: Context, answer: Answer, reference: Arrays) -> InFloat32:
    """The reference's runs in the arithmetic of the arm, cached; the first call gets all that is expected."""
    adapter = context.in_float32(answer.arm)
    return context.once((NAME, adapter.arm.arithmetic), lambda: _in_float32(context, adapter, reference))


def _tolerances(context: Context, answer: Answer, reference: Arrays) -> dict[str, Tolerance]:
    runs = _runs(context, answer, reference)
    gradients = keyed("gradient", of_kind(reference, "gradient"))
    tolerances = pooled_error(gradients, runs.values, answer.arithmetic)
    if "logits" in reference:
        tolerances["logits"] = own_error(reference["logits"], runs.values["logits"], answer.arithmetic)
    if "loss" in reference:
        error = context.sample_loss_error(answer.arm)
        tolerances["loss"] = loss_error(reference["loss"], error, answer.arithmetic)
    return runs.floored(tolerances, reference, answer.arithmetic)


def _in_float32(context: Context, adapter: Adapter, reference: Arrays) -> InFloat32:
    """Several float32 runs, from weights moved by a unit in the last place."""
    runs = float32_runs(context.experiment.model.multiply_adds * len(context.batches(1)[0].samples))
    starts = (disturbed(context.plan.weights, seed) for seed in range(runs))
    return in_float32(reference, (partial(first_batch, context, adapter, weights) for weights in starts))


def first_batch(context: Context, adapter: Adapter, weights: Parameters | None = None) -> Arrays:
    """The reference's loss, logits and gradients on the first batch, at `weights`, or at the plan's if None."""
    trainer = context.trainer(adapter, horizon=1)
    if weights is not None:
        trainer.set_weights(weights)
    batch = context.batches(1)[0]
    x, y = context.samples(batch, adapter.arm.variable_dtype)
    logits = trainer.forward(x)
    loss, gradients = trainer.loss_and_gradients(x, y, batch.noise)
    return {
        "logits": logits,
        "loss": np.array([loss]),
        **keyed("gradient", gradients),
    }


def _structure(context: Context, answer: Answer) -> Verdict:
    model = context.experiment.model
    structure = answer.result["structure"]
    spec = {
        "parameters": [[p.name, list(p.shape), answer.arm.variable_dtype] for p in model.parameters()],
        "parameter_count": model.parameter_count,
    }
    faults = [
        f"{key} is {structure[key]}, the spec says {value}" for key, value in spec.items() if structure[key] != value
    ]
    return _equality(answer, "structure", faults, "names, shapes, dtypes, counts equal")


def _weights(context: Context, answer: Answer) -> Verdict:
    faults = []
    if answer.result["plan_digest"] != context.plan.digest:
        faults.append(f"plan {answer.result['plan_digest'][:8]} arrived, {context.plan.digest[:8]} was sent")
    if answer.result["weights_digest"] != digest_in_precision(context.plan.weights, answer.arm.variable_dtype):
        faults.append(mixed_precision.named_weights(context, answer) or "the weights read back are not the plan's")
    verdict = _equality(answer, "initial weights", faults, "bit-equal, read back from the framework")
    # Digests notice a unit in the last place of any single number.
    return verdict if faults else verdict.model_copy(update={"detects": float(np.finfo(answer.precision).eps)})


def _equality(answer: Answer, subject: str, faults: list[str], source: str) -> Verdict:
    """The verdict on a comparison without tolerance: `diverges` if there are faults."""
    return Verdict(
        rung=NAME,
        subject=subject,
        arm_a=answer.arm.name,
        arm_b="reference",
        status="diverges" if faults else "agrees",
        culprit=answer.arm.name if faults else "",
        tolerance=0.0,
        tolerance_source=source,
        cause="; ".join(faults),
    )


RUNG = Rung(NAME, Question(ask, judge_answers, TASKS[NAME], {"": OF_THE_MODEL}))
