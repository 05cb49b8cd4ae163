"""The gate's test: the p-values, the family, and what each answer takes."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from harness.timing.slowdown import (
    FLOOR,
    Evidence,
    answers,
    evidence,
    fewest_processes,
    holm,
    p_larger,
)

HEAD = [1.02, 1.07, 1.11, 1.05, 1.2]
BASE = [1.0, 0.98, 1.03, 1.01, 0.97]


def test_the_p_value_counts_the_arrangements() -> None:
    """Of all ways to call five of ten values the head, the share whose statistic is at least as large."""
    x, y = np.log(HEAD), np.log(BASE)
    values = np.concatenate([x, y])
    statistic = np.sum(x[:, None] > y)
    ways = list(combinations(range(10), 5))
    extreme = sum(np.sum(values[list(way)][:, None] > np.delete(values, way)) >= statistic for way in ways)
    assert p_larger(x, y) == pytest.approx(extreme / len(ways), rel=1e-12)


def test_the_ratio_is_the_median_over_pairs() -> None:
    found = evidence(HEAD, BASE)
    assert found.ratio == pytest.approx(np.median(np.divide.outer(HEAD, BASE)), rel=1e-3)
    assert evidence(BASE, HEAD).ratio == pytest.approx(1 / found.ratio, rel=1e-12)
    assert (found.head_processes, found.base_processes) == (5, 5)


def test_unit_and_order_play_no_part() -> None:
    found, other = evidence(HEAD, BASE), evidence([1e3 * t for t in HEAD[::-1]], [1e3 * t for t in BASE])
    assert (other.p_slower, other.p_below) == (found.p_slower, found.p_below)
    assert other.ratio == pytest.approx(found.ratio)


def test_a_row_without_processes_is_undecided() -> None:
    found = evidence([], BASE)
    assert math.isnan(found.ratio)
    assert answers([found]) == ["undecided"]
    assert answers([]) == []


def test_the_correction_of_a_family() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])  # the example of R's p.adjust
    assert holm([0.9, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(("rows", "processes"), [(1, 5), (2, 5), (3, 6), (9, 6), (10, 7)])
def test_the_fewest_processes_that_can_find_a_row_slower(rows: int, processes: int) -> None:
    assert fewest_processes(rows) == processes
    for count, can in ((processes, True), (processes - 1, False)):
        clear = evidence([2.0 + 0.01 * i for i in range(count)], [1.0 + 0.01 * i for i in range(count)])
        equal = Evidence(1.0, 1.0, 1.0, 0.0, count, count)
        assert (answers([clear, *[equal] * (rows - 1)])[0] == "slower") == can


def test_a_small_effect_is_no_slowdown_however_certain() -> None:
    head = [1 + FLOOR / 2 + 1e-5 * i for i in range(10)]
    found = evidence(head, [1 + 1e-5 * i for i in range(10)])
    assert found.p_slower < 1e-4
    assert answers([found]) == ["not slower"]


def test_the_first_look_says_nothing_of_a_suspect() -> None:
    found = evidence(HEAD, BASE)
    assert answers([found]) == ["slower"]
    assert answers([found], is_last_look=False) == ["undecided"]
