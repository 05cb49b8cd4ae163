"""Rung `loss`: value and gradient of the losses, and of the penalties that are added to them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.cases import Case
from harness.parity.context import Context
from harness.parity.words import WordRung, subjects

NAME = "loss"


def cases(context: Context) -> Iterator[Case]:
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(7, 5)).astype(np.float32)
    for word in subjects(context, "loss"):
        yield Case(word, word, {"outputs": outputs, "y": np.arange(7, dtype=np.int32) % 5})
    kernels = {"kernel/a/kernel": outputs, "kernel/b/kernel": outputs[:3] + 1}
    for word in subjects(context, "regularizer"):
        yield Case(word, word, kernels)


RUNG = WordRung(NAME, cases)
