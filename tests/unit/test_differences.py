"""What two arms recorded, value by value; and which arms stand beside which."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from made_up_traces import arm, epoch

from harness.compare.differences import Quantity, first_apart, quantities, same_bits
from harness.compare.pairing import Pair
from harness.results.recorded import RecordedArm
from harness.results.trace import Trace


def recorded(name: str, losses: Any, columns: Any = None, **more: Any) -> RecordedArm:
    trace = Trace(arm=arm(name), learning_rates=(0.1,) * len(losses), epochs=(epoch(0, losses),))
    return RecordedArm(trace, columns or {}, **more)


@pytest.mark.parametrize(
    ("a", "b", "first", "count", "largest"),
    [
        ([1.0, 2.0], [1.0, 2.0], None, 0, 0.0),
        ([1.0, math.nan], [1.0, math.nan], None, 0, 0.0),
        ([0.0, 1.0], [-0.0, 1.0], 0, 1, 0.0),  # equal numbers, other bits
        ([4.0, 2.0], [4.0, 2.5], 1, 1, 0.125),
        ([1.0, math.inf], [1.0, 1.0], 1, 1, math.inf),
        ([math.nan, 8.0], [2.0, 4.0], 0, 2, math.inf),
        ([0.0], [0.0], None, 0, 0.0),
    ],
)
def test_first_and_largest_difference(a: Any, b: Any, first: Any, count: int, largest: float) -> None:
    both = Quantity("loss", np.array(a), np.array(b))
    assert (both.first, both.count, both.largest, both.equal) == (first, count, largest, first is None)


def test_a_shorter_curve_is_not_equal_though_no_value_differs() -> None:
    cut = Quantity("loss", np.ones(3), np.ones(2))
    assert (cut.equal, cut.first, cut.common) == (False, None, 2)


def test_bits_are_those_of_float64() -> None:
    narrow = np.array([0.1], np.float32)
    assert same_bits(narrow, narrow.astype(np.float64))
    assert not same_bits([0.1], narrow)
    assert not same_bits([1.0], [[1.0]])


def test_the_first_in_a_step_is_what_is_computed_first() -> None:
    columns = {"digest/gradient_norm/dense_1/kernel": np.array([1.0, 2.0]), "only_here": np.zeros(2)}
    moved = {"digest/gradient_norm/dense_1/kernel": np.array([1.5, 2.0])}
    pair = Pair("x", recorded("A.x", (1.0, 0.5), columns), recorded("B.x", (1.0, 0.25), moved))
    found = quantities(pair)
    assert [each.what for each in found[:3]] == ["learning_rate", "loss", "digest/gradient_norm/dense_1/kernel"]
    assert "only_here" not in [each.what for each in found]
    assert first_apart(found, pair.names) == (
        "apart at step 0: gradient_norm of dense_1/kernel is 1 in A.x, 1.5 in B.x (0.33 relative)"
    )
    later = Pair("x", pair.a, recorded("B.x", (1.0, 0.25), columns))
    assert first_apart(quantities(later), later.names) == (
        "equal bit for bit up to step 0; first apart at step 1: loss is 0.5 in A.x, 0.25 in B.x (0.5 relative)"
    )


def test_weights_and_predictions_stand_beside_one_another_by_name_and_shape() -> None:
    weights = {"kernel": np.ones((2, 3)), "bias": np.ones(2), "other": np.ones(2)}
    said = {"label": np.array([1, 2, 3]), "margin": np.ones(3)}
    a = recorded("A.x", (1.0,), weights=weights, predictions=said)
    b = recorded("B.x", (1.0,), weights={**weights, "other": np.ones(3)}, predictions={"label": np.array([1, 7, 3])})
    by_what = {each.what: each for each in quantities(Pair("x", a, b))}
    assert len(by_what["final weights"].a) == 8
    assert by_what["predicted labels"].count == 1
    assert "margins of the predictions" not in by_what


def test_nothing_in_common_is_said() -> None:
    empty = RecordedArm(Trace(arm=arm("A.x")))
    assert first_apart(quantities(Pair("x", empty, empty)), ("A.x", "A.x")) == "they share no number"
