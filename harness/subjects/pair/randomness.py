"""Whether a model draws random numbers in training although its layers of dropout are off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter

import numpy as np

from adapters.user_data import Parts
from adapters.user_model import LayerCall, OwnModel
from harness.records.array_types import Array

# How far two runs of the same computation may lie apart, relative to the largest value: threads may sum in any order.
SAME = {"float64": 1e-9, "float32": 1e-3}
COARSEST = 0.1


def random_in_training(models: Mapping[str, OwnModel], x: Parts, y: Parts) -> tuple[str, float]:
    """Where the training is random, in words, and the seconds that a loss and its gradients take.

    The words are empty if two passes over one batch are the same. Switches the dropout of all models off, and restores
    their weights. The most precise model is looked at.
    """
    for model in models.values():
        model.without_dropout()
    precision = "float64" if "float64" in models else next(iter(models))
    model, allowed = models[precision], SAME.get(precision, COARSEST)
    before = model.weights()
    passes, losses, taken_s = [], [], 0.0
    for _ in range(2):
        passes.append([call for call in model.traced(x, True) if call.layer])
        model.set_weights(before)
        began_s = perf_counter()
        losses.append(np.array([model.loss_and_gradients(x, y)[0]]))
        taken_s = perf_counter() - began_s
        model.set_weights(before)
    for number, (one, other) in enumerate(zip(*passes, strict=False)):
        if one.layer and not _all_same(one.ys, other.ys, allowed):
            return _where(passes[0], number, _all_same(one.xs, other.xs, allowed)), taken_s
    is_same = _same(losses[0], losses[1], allowed)
    return "" if is_same else "its loss is not the same twice, behind the last layer", taken_s


def _where(calls: list[LayerCall], number: int, same_input: bool) -> str:
    layer = calls[number].layer
    if same_input:
        return f"layer {layer} gives another output each time for the same input"
    if number == 0:
        return f"the randomness lies before layer {layer}, whose input is not the same twice"
    before = calls[number - 1].layer
    return f"the randomness lies after layer {before} and before layer {layer}, whose input is not the same twice"


def _all_same(a: Sequence[Array], b: Sequence[Array], allowed: float) -> bool:
    return len(a) == len(b) and all(_same(one, other, allowed) for one, other in zip(a, b, strict=True))


def _same(a: Array, b: Array, allowed: float) -> bool:
    if a.shape != b.shape:
        return False
    if not np.issubdtype(a.dtype, np.inexact):
        return bool(np.array_equal(a, b))
    largest = float(np.max(np.abs(a), initial=0.0))
    return bool(np.allclose(a, b, rtol=0, atol=allowed * largest, equal_nan=True))
