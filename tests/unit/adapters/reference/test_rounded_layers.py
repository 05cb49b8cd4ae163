"""Layers of which the reference rounds the tensors to 16 bits: how far they are from the truth, and in several runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adapters.reference.layers import apply
from adapters.reference.rounding import FORMATS, IN_FLOAT32, Stream, nearest, rounding
from harness.spec.model import place
from harness.spec.vocabulary import specimens

BATCH = 8
# Of the largest number of a kind. A chain of at most a few dozen roundings, whose errors add up like a root of their
# number, and a cancellation of one digit.
MOST_UNITS = 16
WORDS = specimens("layer")


def drawn(word: Any, runs: int = 1) -> Any:
    """The layer at its place, and a function that runs it in a type of numbers: its output and gradients by name.

    For several runs every array holds the same numbers again.
    """
    (placed,), rng = place((word,), word.specimen_shape()), np.random.default_rng(0)
    within = len(placed.name) + 1

    def normal(shape: tuple[int, ...]) -> Any:  # numbers of bfloat16, so that rounding makes no two of them alike
        return nearest(rng.normal(size=shape).astype(np.float32), "bfloat16")

    x, upstream = normal((BATCH, *placed.input_shape)), normal((BATCH, *placed.output_shape))
    weights = {p.name[within:]: normal(p.shape) / 2 for p in placed.parameters}
    weights = {name: np.abs(w) if name.endswith("variance") else w for name, w in weights.items()}
    noise = {n.name[within:]: (rng.random((BATCH, *n.shape)) < 0.7).astype(np.float32) for n in placed.noise}

    def run(kind: Any) -> dict[str, Any]:
        joined = [np.concatenate([each] * runs).astype(kind) for each in (x, upstream)]
        stacked = {name: (np.stack([w] * runs) if runs > 1 else w).astype(kind) for name, w in weights.items()}
        repeated = {name: np.concatenate([n] * runs).astype(kind) for name, n in noise.items()}
        applied = apply(placed, stacked, joined[0], repeated, True)
        dx, gradients = applied.pullback(joined[1])
        return {"y": applied.y, "dx": dx, **gradients}

    return run


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name_in_tables)
def test_a_layer_gives_numbers_of_16_bits_near_the_true_ones(word: Any, precision: Any) -> None:
    """Normalisations give gradients by their parameters in float32."""
    run = drawn(word)
    true = run(np.float64)
    with rounding(precision):
        found = run(np.float32)
    largest = {"y": np.abs(true["y"]).max(), "dx": np.abs(true["dx"]).max()}
    of_weights = max((np.abs(value).max() for name, value in true.items() if name not in largest), default=0)
    for name, value in found.items():
        if name in largest or not (isinstance(word, IN_FLOAT32) or word.rows):
            np.testing.assert_array_equal(value, nearest(value, precision), err_msg=name)
        most = MOST_UNITS * FORMATS[precision].epsilon / 2 * largest.get(name, of_weights)
        np.testing.assert_allclose(value, true[name], rtol=0, atol=most, err_msg=name)


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name_in_tables)
def test_runs_that_are_computed_at_once_round_as_each_by_itself(word: Any) -> None:
    """The first to the nearest, the second at random."""
    streams = (Stream(0), Stream(3))
    with rounding("float16", streams):
        both = drawn(word, runs=2)(np.float32)
    for number, seed in enumerate((0, 3)):
        with rounding("float16", (Stream(seed),)):
            alone = drawn(word)(np.float32)
        for name, value in alone.items():
            np.testing.assert_array_equal(both[name].reshape(2, *value.shape)[number], value, err_msg=name)
