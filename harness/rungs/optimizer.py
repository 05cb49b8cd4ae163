"""Rung `optimizer`: the same gradients replayed for 1, 10, 100, 1,000 updates, at a constant and a changing rate.

Weight decays are replayed at the changing one, before a rule that keeps nothing and one that divides by what it keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from harness.spec.optimizers import Adam, Sgd
from harness.spec.recipe import Update
from harness.spec.schedules import Constant, Exponential

NAME = "optimizer"
UPDATES = 1000
CONSTANT = {"": Constant(rate=0.01)}
CHANGING = {"at a changing rate": Exponential(initial_rate=0.01, decay_rate=0.5, decay_steps=300)}
# More than 16 elements and not a multiple of 4, so that kernels' vector lanes and what is left over both show.
SHAPES = {"a/kernel": (6, 3), "a/bias": (3,)}


def cases(context: Context) -> Iterator[Case]:
    arrays = weights_and_gradients()
    own = context.stated
    for word in subjects(context, "optimizer"):
        changing = {"at the experiment's rate": own.schedule} if word == own.optimizer and _changes(own) else CHANGING
        for what, schedule in {**CONSTANT, **changing}.items():
            yield Case(word, Update(optimizer=word, schedule=schedule), arrays, what)
    ((what, schedule),) = CHANGING.items()
    for word in subjects(context, "weight_decay"):
        for beside in (Sgd(), Adam()):
            update = Update(optimizer=beside, schedule=schedule, weight_decay=word)
            yield Case(word, update, arrays, f"before {beside.kind} {what}")


def _changes(experiment: Experiment) -> bool:
    """Whether the experiment's own rate changes while the gradients last, and so will do to tell forms apart."""
    own = oracle(experiment.schedule, np.arange(UPDATES))
    return bool(np.all(np.isfinite(own)) and np.any(own != own[0]))


def weights_and_gradients() -> Arrays:
    """A gradient for every update, of a size for every weight, over four decades, and here and there exactly 0.

    The size of a weight's gradients varies little, and no sum of them is near 0 by chance of rounding: where a rule
    takes a sign (lion, rprop) the reference's own float32 arithmetic must not flip one, or it would say nothing.
    """
    rng = np.random.default_rng(0)
    arrays: Arrays = {}
    for name, shape in SHAPES.items():
        size = 10.0 ** rng.uniform(-3, 1, size=shape)
        drawn = rng.normal(size=(UPDATES, *shape)) * size
        drawn[rng.random(drawn.shape) < 0.02] = 0
        arrays[TensorKey("weight", name)] = rng.normal(size=shape).astype(np.float32)
        arrays[TensorKey("gradient", name)] = drawn.astype(np.float32)
    return arrays


def tolerances(case: Case, reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """As `by_milestone`."""
    return by_milestone(reference, in_float32, precision)


def by_milestone(reference: Arrays, in_float32: Arrays, precision: Any) -> dict[str, Tolerance]:
    """Of all tensors after as many updates the worst relative error: in one of three numbers it may be 0 by luck."""
    found: dict[str, Tolerance] = {}
    for updates in dict.fromkeys(TensorKey.parse(name).step for name in reference):
        found |= pooled_error(keyed("after", of_kind(reference, "after", updates), updates), in_float32, precision)
    return found


RUNG = WordRung(NAME, cases, OF_THE_UPDATE, tolerances).rung
