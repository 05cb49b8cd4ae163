"""Rung `model`: structure and initial weights of the realised model; logits and gradients on the first batch."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from adapters.protocol import Adapter, Parameters
from adapters.reference.ensemble import disturbed
from adapters.reference.losses import per_sample
from harness.judging.checks import Check, judge_checks
from harness.judging.context import Answer, Answers, Context
from harness.judging.ledger_excuses import propagated
from harness.judging.remainders import InFloat32, in_float32
from harness.judging.tolerances import RUNS, Tolerance, loss_error, own_error, pooled_error
from harness.oracles.oracle import Place, check, checks
from harness.oracles.reference import Reference
from harness.plan import digest_in_precision
from harness.records.tensor_key import TensorKey, keyed, of_kind
from harness.records.verdict import Verdict
from harness.rungs.rung import OF_THE_MODEL, Question, Rung
from harness.rungs.tasks import OUTPUTS, TASKS
from harness.spec.arm import scale_in_words
from harness.spec.words_within import words_within
from harness.system.array_files import Arrays

NAME = "model"


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
    overflowing = {answer.arm.name: _overflowing(_runs(context, answer, reference)) for answer in mixed}
    verdicts += [
        _overflow(context, answer, overflowing[answer.arm.name]) for answer in mixed if overflowing[answer.arm.name]
    ]
    reference = {name: value for name, value in reference.items() if not any(name in of for of in overflowing.values())}
    tolerances = {name: _tolerances(context, answer, reference) for name, answer in answers.items()}
    words = list(words_within(context.experiment.recipe))
    effects = {
        name: propagated(context, answer.arm, words, lambda: first_batch(context, context.oracle))
        for name, answer in answers.items()
    }

    oracle = Reference(reference, tolerances, {name: effect.excuse for name, effect in effects.items()})
    verdicts += judge_checks(
        checks(NAME, oracle, answers, {key: _place(key) for key in map(TensorKey.parse, reference)})
    )
    return verdicts + [verdict for answer in mixed for verdict in judge_checks([_of_own_outputs(context, answer)])]


def _of_own_outputs(context: Context, answer: Answer) -> Check:
    """The check of the loss of an arm in mixed precision, by the outputs that the arm's own layers gave.

    Layers may be off by the rounding of 16 bits. A loss is computed in float32, and that is all that it may be off by.
    """
    e, batch, outputs = context.experiment, context.batches(1)[0], answer.tensor(OUTPUTS).astype(np.float64)
    _, y = context.samples(batch)
    expected, error = np.full(1, np.nan), 0.0
    if outputs.shape == (len(batch.samples), *e.model.output_shape):
        kernels = {p.name: context.plan.weights[p.name] for p in e.model.parameters() if p.is_kernel}
        parts = context.oracle.loss(e.loss, outputs, y), context.oracle.regularizer(e.regularizer, kernels)
        expected = np.array([float(sum(part["value"] for part in parts))])
        exact, rounded = (per_sample(e.loss, outputs.astype(kind), y)[0] for kind in (np.float64, np.float32))
        error = float(np.max(np.abs(exact - rounded))) * (len(exact) if e.loss.reduction == "sum" else 1)
    tolerance = loss_error(expected, error, answer.precision)
    oracle = Reference({"loss": expected}, {answer.arm.name: {"loss": tolerance}})
    return check(NAME, oracle, {answer.arm.name: answer}, "loss", Place("loss of its own outputs", "forward"))


def _place(key: TensorKey) -> Place:
    if key.kind != "gradient":
        return Place(key, "forward")
    return Place("gradients", "gradient", None, key.layer, key.of, lambda index: f"{key.of}{list(index)}")


def _runs(context: Context, answer: Answer, reference: Arrays) -> InFloat32:
    """The reference's runs in the arithmetic of the arm, cached; the first call gets all that is expected."""
    adapter = context.in_float32(answer.arm)
    return context.once((NAME, adapter.arm.arithmetic), lambda: _in_float32(context, adapter, reference))


def _overflowing(runs: InFloat32) -> set[str]:
    """The tensors of which the reference has numbers that are not finite in the arithmetic of the arm."""
    return {name for name, values in runs.values.items() if not np.isfinite(values).all()}


def _overflow(context: Context, answer: Answer, overflowing: set[str]) -> Verdict:
    """What cannot be judged, because in 16 bits no value of it is right, and what to do."""
    arm, first = answer.arm, min(overflowing)
    cause = f"{first} overflows {arm.compute_dtype} on the first batch: no value of it is right"
    if arm.loss_scale:
        scale = scale_in_words(arm.loss_scale)
        cause = (
            f"{first} overflows {arm.compute_dtype} on the first batch at loss_scale={scale}: no value of it is right"
        )
    return Verdict(rung=NAME, subject="overflow", arm_a=arm.name, status="unverified", cause=cause)


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
    starts = (disturbed(context.plan.weights, seed) for seed in range(RUNS))
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
        faults.append("the weights read back are not the plan's")
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
