"""Rung `layer`: output, gradient by the input and by every parameter, and what the layer kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.cases import Case
from harness.parity.context import Context
from harness.parity.words import WordRung, subjects
from harness.spec.model import place

NAME = "layer"
SAMPLES = 3


def cases(context: Context) -> Iterator[Case]:
    rng = np.random.default_rng(0)
    for word in subjects(context, "layer"):
        (placed,) = place((word,), word.specimen_shape())
        arrays = {
            "x": rng.normal(size=(SAMPLES, *placed.input_shape)).astype(np.float32),
            "upstream": rng.normal(size=(SAMPLES, *placed.output_shape)).astype(np.float32),
            "training": np.array(True),
            **{f"weight/{p.name}": rng.normal(size=p.shape).astype(np.float32) for p in placed.parameters},
        }
        yield Case(word, placed, arrays)


RUNG = WordRung(NAME, cases)
