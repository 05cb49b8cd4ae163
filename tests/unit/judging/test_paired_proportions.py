"""The interval of a paired difference of proportions."""

from __future__ import annotations

import numpy as np
import pytest

from harness.judging.paired_proportions import paired_difference


def test_an_example_worked_by_hand() -> None:
    """b=12, c=5, n=100: p=13/102, q=6/102, reach = 1.959964 sqrt((19/102 - (7/102)**2) / 102)."""
    found = paired_difference(12, 5, 100)
    assert found.difference == pytest.approx(0.07)
    assert (found.low, found.high) == pytest.approx((0.068627 - 0.082698, 0.068627 + 0.082698), abs=2e-5)


def test_sides_exchanged_and_bounds() -> None:
    one, other = paired_difference(9, 3, 40), paired_difference(3, 9, 40)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert paired_difference(0, 0, 1000).low < 0 < paired_difference(0, 0, 1000).high
    assert paired_difference(3, 0, 3).high <= 1.0


def test_it_covers_what_it_promises() -> None:
    """Of 4,000 draws of 200 paired images, the interval covers the true difference about 95 % of the time."""
    random = np.random.default_rng(0)
    for only_first, only_second in ((0.06, 0.02), (0.01, 0.01)):
        draws = random.multinomial(200, [only_first, only_second, 1 - only_first - only_second], 4000)
        intervals = [paired_difference(int(b), int(c), 200) for b, c, _ in draws]
        covered = np.mean([each.low <= only_first - only_second <= each.high for each in intervals])
        assert 0.94 <= covered <= 0.995


@pytest.mark.parametrize("counts", [(-1, 0, 10), (6, 5, 10), (0, 0, 0)])
def test_impossible_counts(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="images"):
        paired_difference(*counts)
