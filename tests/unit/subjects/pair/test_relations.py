"""How a differing tensor follows from the other is told, and nothing is told where nothing is known."""

import numpy as np
import pytest

from harness.subjects.pair.relations import relation

RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=(4, 6)), RNG.normal(size=(4, 6))
SIDES = ("one", "two")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (X, np.maximum(X, 0), "two's is one's with relu"),
        (np.tanh(X), X, "one's is two's with tanh"),
        (X, np.abs(X), "two's is one's with the absolute value"),
        (X, X.astype(np.float16), "two's is one's with a rounding to float16"),
        (X, X / np.sqrt(8), "one's is 2.82843 = sqrt(8) times two's"),
        (X, X * 2, "two's is 2 times one's"),
        (X + Y, X, "one adds one of its inputs, two does not"),
        (X, np.roll(X, 3, 1), "the same numbers in another order: two blocks exchanged along axis 1"),
        (X, X[:, ::-1], "the same numbers in another order: axis 1 backwards"),
        (X, X[:, [1, 0, 2, 3, 5, 4]], "the same numbers in another order"),
        (X, X + np.eye(6)[3], "they differ at 4 of 24 places, all with index 3 of axis 1"),
        (X, X[:, :5], "one's shape is (4, 6), two's (4, 5)"),
        (X, np.where(X > 1, np.nan, X + 1), "0 values are not finite in one, "),
        (X, Y, ""),
    ],
)
def test_a_relation_is_told(a, b, expected):
    told = relation(a, b, SIDES, [Y], 1e-9)
    assert told.startswith(expected) if expected else told == ""
