"""Head and base of the same rounds: the exact test, and that what slows a whole round plays no part."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from harness.timing.slowdown import answers, evidence, fewest_processes
from harness.timing.turns import evidence_in_turns, p_positive

HEAD = [1.02, 1.07, 0.97, 1.05, 1.21, 1.035]
BASE = [1.0, 0.98, 1.03, 1.01, 0.97, 1.019]


def test_the_p_value_counts_the_signs() -> None:
    """Of all ways to give the ratios their signs, the share whose positive ranks add up to at least as much."""
    d = np.log(HEAD) - np.log(BASE)
    ranks = np.argsort(np.argsort(np.abs(d))) + 1
    ways = np.array(list(product((0, 1), repeat=len(d))))
    assert float(p_positive(d)) == pytest.approx(np.mean(ways @ ranks >= ranks[d > 0].sum()), rel=1e-12)


def test_what_slows_a_round_slows_both() -> None:
    """Rounds that take up to three times as long change nothing here, and hide everything from the other test."""
    moments = np.array([1.0, 3.0, 1.1, 2.5, 0.9, 1.4, 2.0, 1.2])
    slower = 1.1 * (1 + 0.01 * np.arange(8) / 8)
    calm = evidence_in_turns(list(slower), [1.0] * 8)
    found = evidence_in_turns(list(slower * moments), list(moments))
    assert (found.p_slower, found.p_below) == (calm.p_slower, calm.p_below)
    assert found.ratio == pytest.approx(calm.ratio, rel=1e-12)
    assert found.spread == pytest.approx(calm.spread)
    assert answers([found]) == ["slower"]
    assert answers([evidence(list(slower * moments), list(moments))]) == ["undecided"]


def test_equal_times_are_not_slower() -> None:
    found = evidence_in_turns([1.0] * 5, [1.0] * 5)
    assert (found.ratio, found.p_slower) == (1.0, 1.0)
    assert answers([found], is_last_look=False) == ["not slower"]


def test_without_rounds_nothing_is_decided() -> None:
    found = evidence_in_turns([], [])
    assert math.isnan(found.ratio)
    assert answers([found]) == ["undecided"]


@pytest.mark.parametrize(("rows", "rounds"), [(1, 7), (2, 8), (5, 9)])
def test_the_fewest_rounds_that_can_find_a_row_slower(rows: int, rounds: int) -> None:
    assert fewest_processes(rows, in_turns=True) == rounds
    for count, can in ((rounds, True), (rounds - 1, False)):
        clear = evidence_in_turns([2.0 + 0.01 * i for i in range(count)], [1.0] * count)
        equal = evidence_in_turns([1.0] * count, [1.0] * count)
        assert (answers([clear, *[equal] * (rows - 1)])[0] == "slower") == can
