"""Rung `optimizer`: the same gradients replayed for 1, 10, 100, 1,000 updates, at a constant and a changing rate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.cases import Case
from harness.parity.context import Context
from harness.parity.words import WordRung, subjects
from harness.spec.recipe import Update
from harness.spec.schedules import Constant, Exponential

NAME = "optimizer"
UPDATES = 1000
RATES = {"": Constant(rate=0.01), "at a changing rate": Exponential(initial_rate=0.01, decay_rate=0.5, decay_steps=300)}


def cases(context: Context) -> Iterator[Case]:
    rng = np.random.default_rng(0)
    shapes = {"a/kernel": (4, 3), "a/bias": (3,)}
    arrays = {f"weight/{name}": rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    arrays |= {f"gradient/{n}": rng.normal(size=(UPDATES, *shape)).astype(np.float32) for n, shape in shapes.items()}
    for word in subjects(context, "optimizer"):
        for what, schedule in RATES.items():
            yield Case(word, Update(optimizer=word, schedule=schedule), arrays, what)


RUNG = WordRung(NAME, cases)
