"""Rung `loss`: values and gradients of losses, on ordinary and extreme inputs; also of regularizers and metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from adapters.reference.losses import per_sample
from harness.judging.cases import Arrays, Case
from harness.judging.context import Context
from harness.judging.tolerances import Tolerance, loss_error, own_error, pooled_error
from harness.rungs.case_rung import WordRung, subjects
from harness.spec.losses import ClassLoss, Loss

NAME = "loss"
SAMPLES, WIDTH = 7, 5


def cases(context: Context) -> Iterator[Case]:
    """The cases of every loss, regularizer and metric."""
    for word in subjects(context, "loss"):
        yield from loss_cases(word)
    rng = np.random.default_rng(0)
    kernels = {f"kernel/{n}/kernel": rng.normal(size=(rows, 5)).astype(np.float32) for n, rows in (("a", 7), ("b", 3))}
    kernels["kernel/b/kernel"][0] = 0  # the kink of |w|
    for word in subjects(context, "regularizer"):
        yield Case(word, word, kernels)
    for word in subjects(context, "metric"):
        yield Case(word, word, {"outputs": tied(rng), "y": np.arange(SAMPLES, dtype=np.int32) % WIDTH})


def tied(rng: Any) -> Any:
    """Outputs, (SAMPLES, WIDTH), in which several classes have the largest value: at the label, before it, after it."""
    values = rng.integers(0, 3, (SAMPLES, WIDTH)).astype(np.float32)
    values[0] = 1
    return values


def loss_cases(word: Loss) -> Iterator[Case]:
    """The cases of one loss, with labels (SAMPLES,) and with values (SAMPLES, classes) as targets."""
    weights = word.class_weights if isinstance(word, ClassLoss) else None
    width = len(weights) if weights else WIDTH
    rng = np.random.default_rng(0)
    labels = np.arange(SAMPLES, dtype=np.int32) % width
    ordinary = outputs(word, rng, (SAMPLES, width))
    values = targets(word, rng, (SAMPLES, width))
    yield Case(word, word, {"outputs": ordinary, "y": labels}, "labels")
    yield Case(word, word, {"outputs": ordinary, "y": values}, "values")
    if word.reduction == "sum":
        return  # the losses of the samples are those of the mean, which is checked with extremes
    if word.outputs == "any" and word.targets_domain == "any":  # as a trained model gives them
        near = values + (0.05 * rng.normal(size=values.shape)).astype(np.float32)
        yield Case(word, word, {"outputs": near, "y": values}, "values, near")
    extreme_outputs, extreme_targets = extremes(word, width)
    yield Case(word, word, {"outputs": extreme_outputs, "y": extreme_targets}, "values, extremes")
    if getattr(word, "targets", None) == "sparse":  # other losses turn labels into rows of values
        yield Case(word, word, {"outputs": extreme_outputs, "y": labels[: len(extreme_outputs)]}, "labels, extremes")


def outputs(word: Loss, rng: Any, shape: tuple[int, int]) -> Any:
    """Ordinary float32 outputs of the kind that the loss takes."""
    logits = rng.normal(size=shape)
    if word.outputs in ("any", "logits"):
        return logits.astype(np.float32)
    if word.outputs == "positive":
        return np.exp(logits).astype(np.float32)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return (np.log(probabilities) if word.outputs == "log_probabilities" else probabilities).astype(np.float32)


def targets(word: Loss, rng: Any, shape: tuple[int, int]) -> Any:
    """Float32 targets from the loss's domain."""
    uniform = rng.random(shape)
    by_domain = {
        "any": 4 * uniform - 2,
        "nonnegative": 4 * uniform,
        "probabilities": uniform,
        "distribution": rng.multinomial(64, [1 / shape[1]] * shape[1], shape[0]) / 64,  # its sum is exactly 1
        "one_hot": np.eye(shape[1])[uniform.argmax(axis=-1)],
        "signs": np.where(uniform < 0.5, -1, 1),
    }
    return by_domain[word.targets_domain].astype(np.float32)


def extremes(word: Loss, width: int) -> tuple[Any, Any]:
    """Extreme outputs and their targets, both (rows, width): ties, kinks, ends of the domain, and very large numbers.

    Some outputs are equal to their targets.
    """
    epsilon, rows = getattr(word, "epsilon", 2**-10), np.eye(width)
    last, first = rows[-1], rows[0]
    target_rows = targets(word, np.random.default_rng(1), (5, width)).astype(np.float64)
    if word.word() == "exponential":  # larger outputs would overflow float32
        output_rows = [0 * first, 20 * first - 20 * last, np.full(width, 0.5), 2 * first, -80 * last]
    elif word.outputs == "logits":
        output_rows = [0 * first, 100 * last, 1e4 * first - 1e4 * last, np.full(width, -1e4), 90 * first]
        target_rows[0] = last
    elif word.outputs == "probabilities":
        even, near = np.full(width, 1 / width), np.where(last > 0, 1 - 4 * epsilon, epsilon)
        output_rows = [first, last, even, near, first / 2 + last / 2]
        target_rows[0], target_rows[2] = first, output_rows[2]
    elif word.outputs == "log_probabilities":
        output_rows = [np.full(width, -1e4), -100 * first, np.log(np.full(width, 1 / width)), -1e4 * (1 - first)]
        target_rows[3] = first
        return np.asarray(output_rows, np.float32), target_rows[:4].astype(np.float32)
    elif word.outputs == "positive":
        output_rows = [0 * first + epsilon, 1e4 * first + 1, np.full(width, 1.0), first + 1e-3, last + 1e-6]
        target_rows[2], target_rows[3] = output_rows[2], 0
    else:
        output_rows = [0 * first, first, 1e4 * (first - last), np.full(width, 1.0), target_rows[4] + 1e-3]
        any_target = word.targets_domain == "any"
        target_rows[1] = first if any_target else targets(word, np.random.default_rng(2), (1, width))[0]
    return np.asarray(output_rows, np.float32), target_rows.astype(np.float32)


def tolerances(case: Case, reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """By tensor, the tolerance; that of the value comes from the error in the loss of one sample.

    For the sum over n samples it is n times that error. The mean or the sum itself may be right by luck.
    """
    if not isinstance(case.word, Loss):
        return pooled_error(reference, in_float32, precision)
    y, outputs = case.arrays["y"], case.arrays["outputs"]
    losses, in_float32_losses = (
        per_sample(case.word, outputs.astype(kind), y if y.dtype == np.int32 else y.astype(kind))[0]
        for kind in (np.float64, np.float32)
    )
    terms = len(losses) if case.word.reduction == "sum" else 1
    error = float(np.max(np.abs(losses - in_float32_losses))) * terms
    return {
        "value": loss_error(reference["value"], error, precision),
        "gradient": own_error(reference["gradient"], in_float32["gradient"], precision),
    }


RUNG = WordRung(NAME, cases, ("loss", "regularizer"), tolerances).rung
