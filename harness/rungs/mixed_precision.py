"""What rung `model` says of arms in mixed precision: overflows, the loss of its own outputs, and known mistakes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from adapters.reference.losses import per_sample
from adapters.reference.rounding import nearest
from harness.judging.checks import Check
from harness.judging.context import Answer, Context
from harness.judging.remainders import InFloat32
from harness.judging.tolerances import Tolerance, loss_error
from harness.judging.ulp import error_against
from harness.oracles.oracle import Place, check
from harness.oracles.reference import Reference
from harness.plan import digest_arrays
from harness.records.tensor_key import of_kind
from harness.records.verdict import Verdict
from harness.rungs.tasks import OUTPUTS
from harness.spec.arm import scale_in_words
from harness.spec.loss_scale import DynamicLossScale
from harness.system.array_files import Arrays

NAME = "model"


def overflowing(runs: InFloat32) -> set[str]:
    """The tensors of which the reference has numbers that are not finite in the arithmetic of the arm."""
    return {name for name, values in runs.values.items() if not np.isfinite(values).all()}


def overflow(answer: Answer, tensors: set[str]) -> Verdict:
    """What cannot be judged, because in 16 bits no value of these tensors is right."""
    arm, first = answer.arm, min(tensors)
    cause = f"{first} overflows {arm.compute_dtype} on the first batch: no value of it is right"
    if arm.loss_scale is not None:
        scale = scale_in_words(arm.loss_scale)
        cause = (
            f"{first} overflows {arm.compute_dtype} on the first batch at loss_scale={scale}: no value of it is right"
        )
    return Verdict(rung=NAME, subject="overflow", arm_a=arm.name, status="unverified", cause=cause)


def of_own_outputs(context: Context, answer: Answer) -> Check:
    """The check of the loss by the outputs that the arm's own layers gave.

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


def named_loss(verdict: Verdict, answer: Answer) -> Verdict:
    """The verdict on the loss of an arm's own outputs, with its cause where the loss has only 16 bits."""
    half, loss = answer.arm.compute_dtype, answer.tensor("loss").astype(np.float32)
    if verdict.status != "diverges" or half is None or not np.array_equal(nearest(loss, half), loss):
        return verdict
    return verdict.model_copy(update={"cause": f"{verdict.cause}: it is a number of {half}"})


def named_weights(context: Context, answer: Answer) -> str:
    """That an arm has the plan's weights in 16 bits; empty if it has others."""
    half = answer.arm.compute_dtype
    if half is None:
        return ""
    held = {name: nearest(value.astype(np.float32), half) for name, value in context.plan.weights.items()}
    same = answer.result["weights_digest"] == digest_arrays(held)
    return f"the weights read back are the plan's, rounded to {half}" if same else ""


def named_gradients(
    verdict: Verdict, answer: Answer, reference: Arrays, tolerances: Mapping[str, Tolerance]
) -> Verdict:
    """The verdict on gradients, with its cause where they are the right ones times or divided by the loss scale."""
    stated = answer.arm.loss_scale
    scale = stated.initial if isinstance(stated, DynamicLossScale) else stated
    if scale is None or verdict.status != "diverges" or answer.arm.name != verdict.culprit:
        return verdict
    names = [f"gradient/{name}" for name in of_kind(reference, "gradient")]
    told = {
        1 / scale: f"they are not divided by loss_scale={scale:g}",
        scale: f"they are divided twice by loss_scale={scale:g}",
    }
    for factor, what in told.items():
        errors = (error_against(factor * answer.tensor(name), reference[name]) for name in names)
        if all(np.all(error <= tolerances[name].bound) for name, error in zip(names, errors, strict=True)):
            return verdict.model_copy(update={"cause": f"{verdict.cause}: {what}"})
    return verdict
