"""What a gate can tell, against simulations of the gate itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.timing.power import POWER, critical_count, detectable_slowdown, processes_needed
from harness.timing.self_test import decided
from harness.timing.slowdown import FLOOR, SLOWDOWN

GATES = 300


def share(answer: str, processes: int, spread: float, slowdown: float, in_turns: bool = False) -> float:
    noise = np.random.default_rng(7).normal(0, spread, (GATES, 2, processes))
    base = 0 * noise[:, 1] if in_turns else noise[:, 1]  # the spread in turns is that of the ratio
    found = decided(noise[:, 0] + math.log1p(slowdown), base, processes, in_turns)
    return float(np.mean(found == answer))


@pytest.mark.parametrize(
    ("processes", "spread", "in_turns"),
    [(5, 0.02, False), (10, 0.03, False), (8, 0.02, True), (14, 0.04, True)],
)
def test_the_detectable_slowdown_is_detected_as_often_as_stated(processes: int, spread: float, in_turns: bool) -> None:
    slowdown = detectable_slowdown(processes, spread, in_turns=in_turns)
    chance = 4 * math.sqrt(POWER * (1 - POWER) / GATES)
    assert abs(share("slower", processes, spread, slowdown, in_turns) - POWER) < chance
    assert share("slower", processes, spread, slowdown / 2, in_turns) < POWER - 2 * chance


def test_what_is_detectable() -> None:
    assert detectable_slowdown(4, 0.001) == math.inf
    assert detectable_slowdown(5, 0.0) == pytest.approx(FLOOR)
    assert detectable_slowdown(16, 0.02) < detectable_slowdown(8, 0.02) < detectable_slowdown(8, 0.03)
    assert detectable_slowdown(8, 0.02, rows=6) > detectable_slowdown(8, 0.02)
    assert detectable_slowdown(5, 0.02, rows=3) == math.inf


@pytest.mark.parametrize("spread", [0.02, 0.03])
def test_the_number_of_processes_that_decide(spread: float) -> None:
    needed = processes_needed(spread)
    assert needed is not None
    assert detectable_slowdown(needed, spread) <= SLOWDOWN < detectable_slowdown(needed - 1, spread)
    assert share("not slower", needed, spread, 0.0) > POWER - 0.05
    assert (processes_needed(spread, rows=6) or 0) > needed


def test_no_number_decides_on_a_machine_without_rest() -> None:
    assert processes_needed(0.2) is None
    assert processes_needed(math.nan) is None
    assert processes_needed(0.0) == 5


@pytest.mark.parametrize(("processes", "alpha"), [(5, 0.01), (7, 0.001), (12, 0.05)])
def test_the_critical_count_is_that_of_the_exact_test(processes: int, alpha: float) -> None:
    """The distribution of the statistic by its recurrence (Mann and Whitney, equation 6)."""
    ways = np.zeros((processes + 1, processes + 1, processes**2 + 1))
    ways[0, :, 0] = ways[:, 0, 0] = 1
    for m in range(1, processes + 1):
        for n in range(1, processes + 1):
            ways[m, n, n:] += ways[m - 1, n, : processes**2 + 1 - n]
            ways[m, n] += ways[m, n - 1]
    law = ways[processes, processes] / math.comb(2 * processes, processes)
    tail = np.cumsum(law[::-1])[::-1]
    assert critical_count(processes, alpha) == int(np.flatnonzero(tail <= alpha)[0])


@pytest.mark.parametrize(("rounds", "alpha"), [(7, 0.01), (9, 0.005), (12, 0.05)])
def test_the_critical_count_in_turns_is_that_of_the_exact_test(rounds: int, alpha: float) -> None:
    """The distribution of the sum of the positive ranks: each rank is positive or not, with equal chance."""
    law = np.ones(1)
    for rank in range(1, rounds + 1):
        is_positive = np.zeros(rank + 1)
        is_positive[[0, rank]] = 0.5
        law = np.convolve(law, is_positive)
    tail = np.cumsum(law[::-1])[::-1]
    assert critical_count(rounds, alpha, in_turns=True) == int(np.flatnonzero(tail <= alpha)[0])


def test_too_few_processes_have_no_critical_count() -> None:
    assert critical_count(4, 0.01) == 17
    assert stats.mannwhitneyu([5, 6, 7, 8], [1, 2, 3, 4], alternative="greater", method="exact").pvalue > 0.01
