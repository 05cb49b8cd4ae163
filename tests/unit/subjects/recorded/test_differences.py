"""What two arms recorded, value by value; and which arms stand beside which."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from made_up_traces import arm, epoch

from harness.judging.quantity import Quantity, same_bits
from harness.records.trace import Trace
from harness.results.recorded import RecordedArm
from harness.subjects.recorded.differences import quantities
from harness.subjects.recorded.pairing import ArmPair
from harness.subjects.recorded.rows import in_words, rows_of


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
    pair = ArmPair("x", recorded("A.x", (1.0, 0.5), columns), recorded("B.x", (1.0, 0.25), moved))
    found = quantities(pair)
    assert [each.what for each in found[:4]] == ["learning_rate", "loss", *columns]
    at_once = "apart at step 0: gradient_norm of dense_1/kernel is 1 in A.x, 1.5 in B.x (0.33 relative)"
    assert in_words(found, pair.names) == f"{at_once}; only A.x has only_here"
    later = ArmPair("x", pair.a, recorded("B.x", (1.0, 0.25), columns))
    assert in_words(quantities(later), later.names) == (
        "equal bit for bit up to step 0; first apart at step 1: loss is 0.5 in A.x, 0.25 in B.x (0.5 relative)"
    )


def test_weights_and_predictions_stand_beside_one_another_by_name_and_shape() -> None:
    weights = {"kernel": np.ones((2, 3)), "bias": np.ones(2), "other": np.ones(2)}
    said = {"label": np.array([1, 2, 3]), "margin": np.ones(3)}
    a = recorded("A.x", (1.0,), weights=weights, predictions=said)
    b = recorded("B.x", (1.0,), weights={**weights, "other": np.ones(3)}, predictions={"label": np.array([1, 7, 3])})
    rows = {row.kind: row for row in rows_of(quantities(ArmPair("x", a, b)))}
    assert rows["final weights"].counts == (8, 10, 11)
    assert rows["predicted labels"].parts[0].count == 1
    assert (rows["margins of the predictions"].counts, rows["margins of the predictions"].word) == (
        (0, 3, 0),
        "only in A",
    )


def test_nothing_in_common_is_said() -> None:
    empty = RecordedArm(Trace(arm=arm("A.x")))
    assert in_words(quantities(ArmPair("x", empty, empty)), ("A.x", "A.x")) == "they share no number"


def ending(**arrays: Any) -> RecordedArm:
    """An arm that has recorded the same curve, and these arrays at its end."""
    return recorded("A.x", (1.0, 0.5), **arrays)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (
            {"weights": {"k": np.ones(4)}},
            {"weights": {"k": np.ones(4)}},
            "all that both recorded is equal bit for bit: ",
        ),
        (
            {"weights": {"k": np.ones(4)}},
            {"weights": {"k": np.array([1, 1, 1, 2.0])}},
            "; final weights: 1 of 4 values differ, by up to 0.5 relative",
        ),
        (
            {"predictions": {"label": np.arange(4), "margin": np.ones(4)}},
            {"predictions": {"label": np.array([0, 1, 3, 2]), "margin": np.ones(4)}},
            "margins of the predictions; predicted labels: 2 of 4 values differ",
        ),
        (
            {"predictions": {"label": np.arange(4)}},
            {"predictions": {"label": np.arange(2)}},
            "; only A.x has predicted labels; only B.x has predicted labels",
        ),
        ({"weights": {"k": np.ones(4)}}, {}, "; only A.x has final weights"),
        ({"weights": {"k": np.ones(4)}}, {"weights": {}}, "; only A.x has final weights"),
    ],
)
def test_the_sentence_is_that_of_its_table(a: Any, b: Any, said: str) -> None:
    """What differs in a row of the table is not called equal above it, whatever kind of quantity it is."""
    found = quantities(ArmPair("x", ending(**a), ending(**b)))
    sentence = in_words(found, ("A.x", "B.x"))
    assert said in sentence
    unequal = [row.kind for row in rows_of(found) if row.word != "equal"]
    equal = sentence.partition(": ")[2].partition(";")[0]
    assert ("all that both recorded" in sentence) == (unequal == [])
    assert not any(kind in equal for kind in unequal)


def test_a_shorter_curve_is_said_to_be_so() -> None:
    found = quantities(ArmPair("x", recorded("A.x", (1.0, 0.5)), recorded("B.x", (1.0,))))
    sentence = in_words(found, ("A.x", "B.x"))
    assert "loss: equal as far as both go (2 and 1 values)" in sentence
    assert "all that both recorded" not in sentence
