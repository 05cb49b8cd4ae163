"""Rung `loss`: value and gradient of losses, on labels and values, ordinary and extreme; penalties and metrics too."""

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
    """Outputs of which some are largest together: at the label, before it, after it."""
    drawn = rng.integers(0, 3, (SAMPLES, WIDTH)).astype(np.float32)
    drawn[0] = 1
    return drawn


def loss_cases(word: Loss) -> Iterator[Case]:
    """Outputs and targets of the kind that the loss takes."""
    weights = word.class_weights if isinstance(word, ClassLoss) else None
    width = len(weights) if weights else WIDTH
    rng = np.random.default_rng(0)
    labels = np.arange(SAMPLES, dtype=np.int32) % width
    ordinary = outputs(word, rng, (SAMPLES, width))
    values = targets(word, rng, (SAMPLES, width))
    yield Case(word, word, {"outputs": ordinary, "y": labels}, "labels")
    yield Case(word, word, {"outputs": ordinary, "y": values}, "values")
    if word.reduction == "sum":
        return  # of the same losses, sample by sample, as the mean
    far, against = extremes(word, width)
    yield Case(word, word, {"outputs": far, "y": against}, "values, extremes")
    if getattr(word, "targets", None) == "sparse":  # elsewhere labels become rows of values
        yield Case(word, word, {"outputs": far, "y": labels[: len(far)]}, "labels, extremes")


def outputs(word: Loss, rng: Any, shape: tuple[int, int]) -> Any:
    """Ordinary ones."""
    drawn = rng.normal(size=shape)
    if word.outputs in ("any", "logits"):
        return drawn.astype(np.float32)
    if word.outputs == "positive":
        return np.exp(drawn).astype(np.float32)
    shares = np.exp(drawn) / np.exp(drawn).sum(axis=-1, keepdims=True)
    return (np.log(shares) if word.outputs == "log_probabilities" else shares).astype(np.float32)


def targets(word: Loss, rng: Any, shape: tuple[int, int]) -> Any:
    """Values within the loss's domain."""
    drawn = rng.random(shape)
    found = {
        "any": 4 * drawn - 2,
        "nonnegative": 4 * drawn,
        "probabilities": drawn,
        "distribution": rng.multinomial(64, [1 / shape[1]] * shape[1], shape[0]) / 64,  # whose sum is 1 to the last bit
        "one_hot": np.eye(shape[1])[drawn.argmax(axis=-1)],
        "signs": np.where(drawn < 0.5, -1, 1),
    }
    return found[word.targets_domain].astype(np.float32)


def extremes(word: Loss, width: int) -> tuple[Any, Any]:
    """Ties, kinks, ends of the domain, and numbers far out; and targets that some of them meet exactly."""
    epsilon, rows = getattr(word, "epsilon", 2**-10), np.eye(width)
    last, first = rows[-1], rows[0]
    against = targets(word, np.random.default_rng(1), (5, width)).astype(np.float64)
    if word.word() == "exponential":  # no further than its value is a float32
        far = [0 * first, 20 * first - 20 * last, np.full(width, 0.5), 2 * first, -80 * last]
    elif word.outputs == "logits":
        far = [0 * first, 100 * last, 1e4 * first - 1e4 * last, np.full(width, -1e4), 90 * first]
        against[0] = last
    elif word.outputs == "probabilities":
        even, near = np.full(width, 1 / width), np.where(last > 0, 1 - 4 * epsilon, epsilon)
        far = [first, last, even, near, first / 2 + last / 2]
        against[0], against[2] = first, far[2]
    elif word.outputs == "log_probabilities":
        far = [np.full(width, -1e4), -100 * first, np.log(np.full(width, 1 / width)), -1e4 * (1 - first)]
        against[3] = first
        return np.asarray(far, np.float32), against[:4].astype(np.float32)
    elif word.outputs == "positive":
        far = [0 * first + epsilon, 1e4 * first + 1, np.full(width, 1.0), first + 1e-3, last + 1e-6]
        against[2], against[3] = far[2], 0
    else:
        far = [0 * first, first, 1e4 * (first - last), np.full(width, 1.0), against[4] + 1e-3]
        against[1] = targets(word, np.random.default_rng(2), (1, width))[0] if word.targets_domain != "any" else first
    return np.asarray(far, np.float32), against.astype(np.float32)


def tolerances(case: Case, reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """By the error in the loss of a sample, of a sum times their number: either may be right by luck."""
    if not isinstance(case.word, Loss):
        return pooled_error(reference, in_float32, precision)
    y, outputs = case.arrays["y"], case.arrays["outputs"]
    exact, rough = (
        per_sample(case.word, outputs.astype(kind), y if y.dtype == np.int32 else y.astype(kind))[0]
        for kind in (np.float64, np.float32)
    )
    error = float(np.max(np.abs(exact - rough))) * (len(exact) if case.word.reduction == "sum" else 1)
    return {
        "value": loss_error(reference["value"], error, precision),
        "gradient": own_error(reference["gradient"], in_float32["gradient"], precision),
    }


RUNG = WordRung(NAME, cases, ("loss", "regularizer"), tolerances).rung
