"""When a bench ends."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.timing.intervals import Interval
from harness.timing.stopping import Ended, why_ended

NARROW, WIDE = Interval(2.0, 1.98, 2.02, 8), Interval(2.0, 1.8, 2.3, 8)
NONE = Interval(2.0, 0.0, math.inf, 1)
CALM = {"rounds": 8, "fewest_rounds": 5, "precision": 0.02, "elapsed_s": 40.0, "round_s": 5.0, "budget_s": 100.0}


@pytest.mark.parametrize(
    ("ratios", "changes", "ended"),
    [
        ([NARROW], {}, "precision"),
        ([NARROW, NARROW], {"rounds": 5}, "precision"),
        ([NARROW], {"rounds": 4}, None),  # narrow by luck
        ([NARROW, WIDE], {}, None),
        ([NONE], {}, None),
        ([], {}, None),  # a single arm has no ratio
        ([WIDE], {"elapsed_s": 95.0}, None),  # another round just fits
        ([WIDE], {"elapsed_s": 95.1}, "budget"),
        ([NARROW], {"elapsed_s": 99.0}, "precision"),
        ([WIDE], {"rounds": 1, "elapsed_s": 99.0}, "budget"),
    ],
)
def test_why_a_bench_ends(ratios: list[Interval], changes: dict[str, Any], ended: Ended | None) -> None:
    assert why_ended(ratios, **{**CALM, **changes}) == ended
