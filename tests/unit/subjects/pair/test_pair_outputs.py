"""Which outputs of two models belong together, and in which layout they are compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.oracles.own_float64 import Side
from harness.spec.arm import Arm
from harness.subjects.pair.outputs import compared_outputs, output_key, paired_outputs

A, B = (Arm(name=name, adapter="reference", mode="numpy") for name in ("a", "b"))


def built(*names: str) -> dict[str, Any]:
    return {"outputs": [{"name": name, "shape": [8, 3]} for name in names]}


def test_outputs_belong_together_by_name_or_in_order() -> None:
    assert paired_outputs({"a": built(""), "b": built("")}).pairs == [("", "")]
    named = paired_outputs({"a": built("logits", "state"), "b": built("state", "logits")})
    assert named.pairs == [("logits", "logits"), ("state", "state")]
    ordered = paired_outputs({"a": built("0", "1.0", "1.1"), "b": built("logits", "h")})
    assert ordered.pairs == [("0", "logits"), ("1.0", "h")]
    assert ordered.alone == ["a's model has 3 outputs, the other 2: not compared: outputs/1.1"]
    assert paired_outputs({"a": built("0", "1"), "b": built("")}).pairs == [("0", "")]


def sides(a: Any, b: Any) -> tuple[Side, Side]:
    return Side(A, {output_key(""): a}, {output_key(""): a * 2}), Side(B, {output_key(""): b}, None, "no")


def test_outputs_are_turned_where_they_then_fit() -> None:
    image = np.random.default_rng(0).normal(size=(2, 5, 4, 3))
    first = np.moveaxis(image, -1, 1)
    a, b = compared_outputs(*sides(first, image), paired_outputs({"a": built(""), "b": built("")}), "a")
    assert np.array_equal(a.values["outputs"], image)
    assert a.float64 is not None
    assert np.array_equal(a.float64["outputs"], image * 2)
    assert np.array_equal(b.values["outputs"], image)
    assert b.float64 is None


def test_an_output_that_the_model_turned_itself_is_left() -> None:
    for shape in ((2, 5, 4, 3), (2, 4, 4, 4)):
        image = np.random.default_rng(0).normal(size=shape)
        a, _ = compared_outputs(*sides(image, image), paired_outputs({"a": built(""), "b": built("")}), "a")
        assert np.array_equal(a.values["outputs"], image)


def test_of_two_possible_layouts_the_nearer_one_counts() -> None:
    image = np.random.default_rng(0).normal(size=(2, 4, 4, 4))
    pairs = paired_outputs({"a": built(""), "b": built("")})
    a, _ = compared_outputs(*sides(np.moveaxis(image, -1, 1), image + 1e-6), pairs, "a")
    assert np.array_equal(a.values["outputs"], image)
