"""Rung `clipping`: one update by SGD at rate 1 from weights of 0, which moves them by the clipped gradients."""

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
    """For every clipping, one case for each set of gradients."""
    for word in subjects(context, "clipping"):
        bound = 1.0 if isinstance(word, NoClipping) else float(word.bound)
        for description, values in gradients(bound).items():
            # The weights are 0, so that the subtraction rounds nothing.
            arrays = keyed("weight", {name: np.zeros_like(g) for name, g in values.items()})
            arrays |= keyed("gradient", {name: g[None] for name, g in values.items()})
            yield Case(word, Update(optimizer=Sgd(), schedule=Constant(rate=1.0), clipping=word), arrays, description)


def gradients(bound: float) -> dict[str, Arrays]:
    """By description and parameter, float32 gradients: below the bound, at it, above it, of many sizes, all 0."""
    rng = np.random.default_rng(0)
    unscaled = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    at_bound = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    at_bound["a/bias"][0] = bound
    sizes = dict(zip(SHAPES, (1e-6, 1e4, 1.0), strict=True))
    sets: dict[str, Any] = {
        "below the bound": {name: 0.01 * bound * g for name, g in unscaled.items()},
        "at the bound": at_bound,
        "above the bound": {name: 10 * bound * g for name, g in unscaled.items()},
        "of many sizes": {name: sizes[name] * g for name, g in unscaled.items()},
        "zero": {name: 0 * g for name, g in unscaled.items()},
    }
    return {
        description: {name: g.astype(np.float32) for name, g in values.items()} for description, values in sets.items()
    }


RUNG = WordRung(NAME, cases, ("clipping",)).rung
