"""Rung `optimizer`: the weights after 1, 10, 100 and 1,000 updates by the same gradients.

Each optimizer runs at a constant and at a changing rate. What goes beside one (weight decays, accumulations,
look-aheads, averagings) runs at the changing rate, with an optimizer without state (SGD) and with one that divides by
its state (Adam). With an accumulation it is the weights after so many batches. What is kept beside an optimizer is
compared too, after the first updates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from adapters.reference.schedules import oracle
from harness.judging.cases import Arrays, Case
from harness.judging.context import Context
from harness.judging.tolerances import Tolerance, pooled_error
from harness.records.tensor_key import TensorKey, keyed, of_kind
from harness.rungs.case_rung import WordRung, subjects
from harness.rungs.rung import OF_THE_UPDATE
from harness.spec.experiment import Experiment
from harness.spec.groups import settings_of
from harness.spec.optimizers import Adam, Sgd
from harness.spec.recipe import Update
from harness.spec.schedules import Constant, Exponential

NAME = "optimizer"
BESIDE = ("weight_decay", "accumulation", "lookahead", "averaging")
UPDATES = 1000
CONSTANT = {"": Constant(rate=0.01)}
CHANGING = {"at a changing rate": Exponential(initial_rate=0.01, decay_rate=0.5, decay_steps=300)}
# More than 16 elements and no multiple of 4, so that kernels run both their vector loop and the remainder.
SHAPES = {"a/kernel": (6, 3), "a/bias": (3,)}
TINY = 1e-24  # a scale of gradients; the square is below the smallest float32


def cases(context: Context) -> Iterator[Case]:
    """The cases of every optimizer and every weight decay; the experiment's optimizer gets the experiment's rate."""
    arrays = weights_and_gradients()
    stated = context.stated
    for word in subjects(context, "optimizer"):
        at_own_rate = word == stated.optimizer and _changes(stated)
        changing = {"at the experiment's rate": stated.schedule} if at_own_rate else CHANGING
        update: Any = {"optimizer": word}
        own = arrays
        if word == stated.optimizer and word.groups:
            update["weight_decay"] = stated.weight_decay  # whose factor the groups may replace
            own = weights_and_gradients(shapes_in_groups(stated))
        for rate_in_words, schedule in {**CONSTANT, **changing}.items():
            yield Case(word, Update(**update, schedule=schedule), own, rate_in_words)
    ((rate_in_words, schedule),) = CHANGING.items()
    for family in BESIDE:
        for word in subjects(context, family):
            for optimizer in (Sgd(), Adam()):
                update = Update.model_validate({"optimizer": optimizer, "schedule": schedule, family: word})
                yield Case(word, update, arrays, f"before {optimizer.kind} {rate_in_words}")


def _changes(experiment: Experiment) -> bool:
    """Whether the experiment's rate changes within `UPDATES`; only a changing rate tells forms of a rule apart."""
    rates = oracle(experiment.schedule, np.arange(UPDATES))
    return bool(np.all(np.isfinite(rates)) and np.any(rates != rates[0]))


def shapes_in_groups(experiment: Experiment) -> dict[str, tuple[int, ...]]:
    """By name, shapes for one kernel and one other parameter of the model for each setting of the groups."""
    names: dict[Any, str] = {}
    for parameter in experiment.model.parameters():
        if parameter.trainable:
            settings = settings_of(experiment.optimizer.groups, parameter.name)
            names.setdefault((settings, parameter.is_kernel), parameter.name)
    return {name: SHAPES["a/kernel" if is_kernel else "a/bias"] for (_, is_kernel), name in names.items()}


def weights_and_gradients(shapes: Mapping[str, tuple[int, ...]] = SHAPES) -> Arrays:
    """Float32 weights, and gradients with the update as their first axis, by parameter.

    Each weight's gradients have a scale of its own, from 1e-3 to 10, and 2 % of them are exactly 0. Those of the first
    weight of each tensor are so small that a product of two of them is 0 in float32. The scale does not change over the
    updates: where a rule takes a sign (lion, rprop), the reference's float32 arithmetic should flip
    none, or the tolerance would tell nothing.
    """
    rng = np.random.default_rng(0)
    arrays: Arrays = {}
    for name, shape in shapes.items():
        scale = 10.0 ** rng.uniform(-3, 1, size=shape)
        scale.flat[0] = TINY
        gradients = rng.normal(size=(UPDATES, *shape)) * scale
        gradients[rng.random(gradients.shape) < 0.02] = 0
        arrays[TensorKey("weight", name)] = rng.normal(size=shape).astype(np.float32)
        arrays[TensorKey("gradient", name)] = gradients.astype(np.float32)
    return arrays


def tolerances(case: Case, reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """The tolerances of `by_milestone`."""
    return by_milestone(reference, in_float32, precision)


def by_milestone(reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """By tensor, the tolerance, pooled over all tensors after the same number of updates.

    A tensor of three numbers may be right by luck. A tensor in which the reference overflows in float32 has none, since
    no value of it is right.
    """
    bounds: dict[str, Tolerance] = {}
    held = {name: values for name, values in reference.items() if np.isfinite(in_float32[name]).all()}
    for kind, updates in dict.fromkeys((key.kind, key.step) for key in map(TensorKey.parse, held)):
        bounds |= pooled_error(keyed(kind, of_kind(held, kind, updates), updates), in_float32, precision)
    return bounds


RUNG = WordRung(NAME, cases, OF_THE_UPDATE, tolerances).rung
