"""Rung `clipping`: weights moved once at a rate of 1: the clipped gradients themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.judging.cases import Arrays, Case
from harness.judging.context import Context
from harness.records.tensor_key import keyed
from harness.rungs.case_rung import WordRung, subjects
from harness.spec.clipping import NoClipping
from harness.spec.optimizers import Sgd
from harness.spec.recipe import Update
from harness.spec.schedules import Constant

NAME = "clipping"
SHAPES = {"a/kernel": (4, 3), "a/bias": (3,), "b/kernel": (3, 2)}


def cases(context: Context) -> Iterator[Case]:
    for word in subjects(context, "clipping"):
        bound = 1.0 if isinstance(word, NoClipping) else float(word.bound)
        for what, given in gradients(bound).items():
            # From weights of 0 nothing is lost in the subtraction.
            arrays = keyed("weight", {name: np.zeros_like(g) for name, g in given.items()})
            arrays |= keyed("gradient", {name: g[None] for name, g in given.items()})
            yield Case(word, Update(optimizer=Sgd(), schedule=Constant(rate=1.0), clipping=word), arrays, what)


def gradients(bound: float) -> dict[str, Arrays]:
    """By what they are: below the bound, at it, above it, of very different sizes, all 0."""
    rng = np.random.default_rng(0)
    drawn = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    exact = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    exact["a/bias"][0] = bound
    sizes = dict(zip(SHAPES, (1e-6, 1e4, 1.0), strict=True))
    found: dict[str, Any] = {
        "below the bound": {name: 0.01 * bound * g for name, g in drawn.items()},
        "at the bound": exact,
        "above the bound": {name: 10 * bound * g for name, g in drawn.items()},
        "of many sizes": {name: sizes[name] * g for name, g in drawn.items()},
        "zero": {name: 0 * g for name, g in drawn.items()},
    }
    return {what: {name: g.astype(np.float32) for name, g in given.items()} for what, given in found.items()}


RUNG = WordRung(NAME, cases, ("clipping",)).rung
