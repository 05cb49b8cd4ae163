"""What a native object computes in place of the word that it is to be: one number or one choice of it is another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal, get_args, get_origin

import numpy as np
from pydantic import BaseModel, ValidationError

import adapters
from adapters.protocol import IntArray
from adapters.reference.losses import value_and_gradient
from adapters.reference.schedules import oracle
from harness.diagnosis.forms import shown_value
from harness.diagnosis.numbers import Number, candidates, numbers_below, related_by
from harness.diagnosis.solved_numbers import of_curve
from harness.diagnosis.solving import solve
from harness.records.array_types import FloatArray
from harness.records.tensor_key import keyed
from harness.spec.arm import Arm
from harness.spec.base import Word
from harness.spec.changes import replaced
from harness.spec.losses import Loss
from harness.spec.recipe import Update
from harness.spec.schedules import Schedule
from harness.system.array_files import Arrays

# A computation explains what was observed within this share of its size.
EXPLAINED = 3e-5
Observed = Mapping[str, Any]
Compute = Callable[[Any], Arrays]  # from a changed word to what it computes


def of_rates(word: Schedule, steps: IntArray, rates: FloatArray) -> str:
    """The number of the schedule by which it has these rates, in words; empty if there is none."""
    for number, value, relation in of_curve(word, (steps, np.asarray(rates, np.float64))):
        changed = replaced(word, number.path.partition(".")[2], number.typed(value))
        if _explains({"rate": rates}, {"rate": oracle(changed, steps)}):
            return _in_words(number, value, relation)
    return ""


def losses_by_reference(word: Any, given: Arrays, kind: Any = np.float64) -> Arrays:
    """The reference's `<batch>/loss`, (1,), and `<batch>/gradient` by the outputs, in the arithmetic of `kind`."""
    results: Arrays = {}
    for batch, (outputs, targets) in enumerate(zip(given["outputs"], given["targets"], strict=True)):
        rows = outputs.reshape(-1, outputs.shape[-1]).astype(kind)
        labels = np.issubdtype(targets.dtype, np.integer)
        value, gradient = value_and_gradient(word, rows, targets.reshape(-1) if labels else targets.reshape(rows.shape))
        results |= {f"{batch}/loss": np.reshape(value, (1,)), f"{batch}/gradient": gradient.reshape(outputs.shape)}
    return {name: np.asarray(value, np.float64) for name, value in results.items()}


def of_loss(word: Loss, given: Arrays, observed: Observed) -> str:
    """The choice or the number of the loss by which it gives what was observed, in words; empty if there is none."""

    classes = int(given["outputs"].shape[-1])
    return _found(
        {"loss": word},
        compute_of={"loss": partial(losses_by_reference, given=given)},
        observed=observed,
        classes=classes,
    )


def of_update(update: Update, start: Arrays, gradients: Sequence[Arrays], observed: Arrays) -> str:
    """The choice or the number of the update by which it gives what was observed, in words; empty if there is none."""
    arm = Arm(name="reference", adapter="reference", mode="numpy", precision="float64", realisation="exact")
    reference = adapters.load(arm)

    def compute(part: str, changed: Any) -> Arrays:
        weights: Arrays = {}
        for k, after in enumerate(reference.optimizer(update.model_copy(update={part: changed}), start, gradients)):
            weights |= keyed("weight", {name: value - start[name] for name, value in after.items()}, k)
        return weights

    parts: dict[str, Any] = {
        "optimizer": update.optimizer,
        "weight_decay": update.weight_decay,
        "schedule": update.schedule,
    }
    moved = {
        name: np.asarray(value, np.float64) - start[name.partition("/")[2]]
        for name, value in observed.items()
        if "/" in name
    }
    return _found(parts, {part: partial(compute, part) for part in parts}, moved, classes=0)


def _found(parts: Mapping[str, Word], compute_of: Mapping[str, Compute], observed: Observed, classes: int) -> str:
    for part, word in parts.items():
        compute = compute_of[part]
        for path, value in _choices(part, word):
            changed = _replaced(word, path, value)
            if changed is not None and _explains(observed, compute(changed)):
                return f"{path}: {shown_value(value)}, the word says {shown_value(_at(word, path))}"
        for number in numbers_below(part, word, whole=False):
            estimate = solve(
                partial(_residuals, word, compute, observed, number), number.value, number.low, number.high
            )
            for value, relation in candidates(number, estimate, related_by(number, classes)) if estimate else ():
                changed = _replaced(word, number.path, value)
                if changed is not None and _explains(observed, compute(changed)):
                    return _in_words(number, value, relation)
    return ""


def _residuals(word: Word, compute: Compute, observed: Observed, number: Number, value: float) -> FloatArray | None:
    changed = _replaced(word, number.path, number.typed(value))
    if changed is None:
        return None
    expected = compute(changed)
    shared = [name for name in expected if name in observed]
    residuals: FloatArray = np.concatenate(
        [np.ravel(np.asarray(observed[n], np.float64) - expected[n]) / _size(expected[n]) for n in shared]
    )
    return residuals


def _explains(observed: Observed, expected: Arrays) -> bool:
    shared = [name for name in expected if name in observed]
    return bool(shared) and all(
        observed[name].shape == expected[name].shape
        and bool(np.max(np.abs(observed[name] - expected[name]), initial=0.0) <= EXPLAINED * _size(expected[name]))
        for name in shared
    )


def _size(values: FloatArray) -> float:
    return float(np.max(np.abs(values), initial=0.0)) or 1.0


def _choices(path: str, word: BaseModel) -> Iterator[tuple[str, Any]]:
    """Every other value of the word's flags and named choices."""
    for name, info in type(word).model_fields.items():
        value, annotation = getattr(word, name), info.annotation
        if isinstance(value, bool):
            yield f"{path}.{name}", not value
        elif name != "kind" and get_origin(annotation) is Literal:
            yield from ((f"{path}.{name}", other) for other in get_args(annotation) if other != value)


def _replaced(word: Any, path: str, value: Any) -> Any:
    """The word with the value at a path that begins with its own name; None if the word does not allow it."""
    try:
        return replaced(word, path.partition(".")[2], value)
    except ValidationError:
        return None


def _at(word: Any, path: str) -> Any:
    for step in path.split(".")[1:]:
        word = getattr(word, step)
    return word


def _in_words(number: Number, value: float, relation: str) -> str:
    said = f"{number.path}: {number.typed(value):g}, the word says {number.typed(number.value):g}"
    return f"{said}: {relation}" if relation else said
