"""How the rates of two schedules without a word are related: one is the other a step later, faster, or a multiple."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.records.array_types import FloatArray

EQUAL = 1e-5  # relative
MOST_FACTOR = 1000
FEWEST = 3  # different rates that must be seen


def related(a: FloatArray, b: FloatArray, name_a: str, name_b: str) -> str:
    """In words, how the rates of the second side follow from those of the first, or the other way; empty if not.

    `a`, `b`: the rates of all steps, (steps,).
    """
    a, b = (np.asarray(values, np.float64) for values in (a, b))
    for first, second, name, other in ((a, b, name_a, name_b), (b, a, name_b, name_a)):
        if found := next(_followed(first, second, name, other), ""):
            return found
    return ""


def _followed(a: FloatArray, b: FloatArray, name_a: str, name_b: str) -> Iterator[str]:
    """How b follows from a."""
    steps = np.arange(len(a))
    if _alike(a[:-1], b[1:]):
        yield f"{name_b} comes a step later than {name_a}"
    if np.all(a > 0) and (factor := float(np.median(b / a))) > 1 and _equal(factor * a, b):
        yield f"the rate of {name_b} is {factor:.6g} times that of {name_a}"
    for factor in range(2, min(MOST_FACTOR, len(a))):
        if _alike(a[steps // factor], b):
            yield f"step t of {name_b} has the rate of step t / {factor} of {name_a}: epochs for steps?"
            return
        sped = a[factor * steps[: -(-len(a) // factor)]]
        if _alike(sped, b[: len(sped)]):
            yield f"step t of {name_b} has the rate of step {factor} t of {name_a}: epochs for steps?"
            return


def _alike(a: FloatArray, b: FloatArray) -> bool:
    """Whether the rates are equal, and enough of them differ among themselves to tell."""
    return len(np.unique(a)) >= FEWEST and _equal(a, b)


def _equal(a: FloatArray, b: FloatArray) -> bool:
    return bool(np.allclose(a, b, rtol=EQUAL, atol=EQUAL * float(np.max(np.abs(a)))))
