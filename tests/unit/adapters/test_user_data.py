"""What of a batch a model is given, what it returns, and what is told where they do not fit."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from adapters.user_data import MisfitError, Signature, at, leaves, mapped, name_of, ordered, parts_of, rounded

ONE = Signature("Net.construct", ("x",), 1)
TWO = Signature("Net.construct", ("users", "items"), 2)
OPTIONAL = Signature("Net.construct", ("x", "scale", "mask"), 1)
ANY = Signature("Net.construct", (), 0, variadic=True)
A, B = np.zeros((4, 2)), np.zeros(4)


@pytest.mark.parametrize(
    ("x", "signature", "expected"),
    [
        (A, ONE, (A,)),
        (A, OPTIONAL, (A,)),
        (A, ANY, (A,)),
        ((A, B), TWO, (A, B)),
        ((A, B), ANY, (A, B)),
        ((A, B), ONE, ((A, B),)),
        ((A, B), OPTIONAL, (A, B)),
        ({"items": B, "users": A}, TWO, (A, B)),
        ({"a": A, "b": B}, ONE, ({"a": A, "b": B},)),
    ],
)
def test_what_a_model_is_given(x: Any, signature: Signature, expected: Any) -> None:
    given = ordered(x, signature)
    assert len(given) == len(expected)
    assert all(g is e or g == e for g, e in zip(given, expected, strict=True))


@pytest.mark.parametrize(
    ("x", "signature", "told"),
    [
        (A, TWO, "takes 2 inputs (users, items), and a batch's x is one array; yield ((a, b), y)"),
        (A, Signature("Net.construct", ("x", "label"), 2), "a model that takes labels and returns its loss cannot"),
        ((A, A, B), TWO, "takes 2 inputs (users, items); x has 3 arrays: 0 (4, 2), 1 (4, 2), 2 (4,)"),
        ({"user": A, "items": B}, TWO, "x has 2 arrays: user (4, 2), items (4,): the names must be the same"),
        ({"x": A, "mask": B}, OPTIONAL, "none left out before"),
    ],
)
def test_what_does_not_fit_is_told(x: Any, signature: Signature, told: str) -> None:
    with pytest.raises(MisfitError, match=re.escape(told)):
        ordered(x, signature)


def test_nested_outputs_have_paths_and_names() -> None:
    value = ("y", {"state": ["h", None, "c"]})
    found = leaves(value, lambda part: isinstance(part, str))
    assert [(name_of(path), tensor) for path, tensor in found] == [("0", "y"), ("1.state.0", "h"), ("1.state.2", "c")]
    assert [at(value, path) for path, _ in found] == ["y", "h", "c"]
    assert [name_of(path) for path, _ in leaves("y", lambda part: isinstance(part, str))] == [""]


@pytest.mark.parametrize(("value", "told"), [(3.0, r"a number \(float\)"), (object(), "an? object")])
def test_a_model_that_returns_something_else_is_told(value: Any, told: str) -> None:
    with pytest.raises(MisfitError, match=f"the model returns {told}; it must return tensors"):
        leaves((value,), lambda part: False)


def test_parts_keep_their_structure() -> None:
    assert mapped(lambda part: part + 1, {"a": 1, "b": 2}) == {"a": 2, "b": 3}
    assert mapped(lambda part: part + 1, (1, 2)) == (2, 3)
    assert mapped(lambda part: part + 1, 1) == 2
    assert parts_of((A, B)) == {"0": A, "1": B}
    assert list(parts_of(A)) == [""]


def test_numbers_are_rounded_once_and_none_is_lost() -> None:
    assert rounded(np.array([1, 2], np.uint8)).dtype == np.int32
    assert rounded(np.array([0.1], np.float64)).dtype == np.float32
    assert rounded(np.array([True])).dtype == bool
    assert rounded(np.array([True]), is_target=True).dtype == np.float32
    assert np.isnan(rounded(np.array([np.nan, np.inf]))[0])
    with pytest.raises(MisfitError, match="holds the integer 2147483648, which int32 cannot hold"):
        rounded(np.array([0, 2**31]))
    with pytest.raises(MisfitError, match=r"holds 1e\+40, which float32 cannot hold"):
        rounded(np.array([1e40]))
