"""Rung `activation`: value and gradient over a grid with the special points."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.cases import Case
from harness.parity.context import Context
from harness.parity.words import WordRung, subjects

NAME = "activation"


def cases(context: Context) -> Iterator[Case]:
    for word in subjects(context, "activation"):
        x = np.linspace(-6, 6, 48).reshape(8, 6).astype(np.float32)
        yield Case(word, word, {"x": x, "upstream": np.ones_like(x)})


RUNG = WordRung(NAME, cases)
