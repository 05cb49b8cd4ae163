"""How often a gate of one row is right and wrong here: recorded noise is replayed with a slowdown planted in it.

The noise is a series of process medians in the order in which they were timed, so that whatever the machine did in that
time - drift, bursts, other users - is in it as it was. A gate takes a stretch of the series that begins at random.

- **in one invocation**: two neighbours of the stretch are a round; by chance one of them is the head's, the other the
  base's. This is how a bench times two arms in turns.
- **in two invocations**: the base takes one stretch and the head another one, elsewhere in the series. What the machine
  did between them is taken for a difference of the arms.

The times of the head are multiplied by 1 + slowdown. Stretches overlap, so the rates of a short series are less certain
than their number of gates suggests: of n rounds there are n / looks independent ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.records.array_types import FloatArray
from harness.timing.slowdown import ALPHA, BETA, FLOOR, SCREEN, SLOWDOWN, p_larger
from harness.timing.turns import centre, p_positive

PLANTED = (0.0, SLOWDOWN, 2 * SLOWDOWN)
GATES = 1000


@dataclass(frozen=True)
class Rates:
    """The shares of each answer where the head takes 1 + `slowdown` times as long as the base."""

    slowdown: float
    slower: float
    not_slower: float
    undecided: float


def spread_of(times_s: Sequence[float]) -> float:
    """The standard deviation of the logarithms of process medians, without what changes slowly.

    From the differences of neighbours, which a drift hardly touches: `sqrt(sum((x_i+1 - x_i)**2) / (2 (n - 1)))` (J.
    von Neumann, Ann. Math. Stat. 12, 1941, 367-395).
    """
    steps = np.diff(np.log(np.asarray(times_s, np.float64)))
    return float(np.sqrt(np.mean(steps**2) / 2)) if len(steps) else math.nan


def rates_in_turns(times_s: Sequence[float], slowdown: float, looks: tuple[int, int], seed: int = 0) -> Rates:
    """The rates of gates that time head and base in turns. `looks`: processes an arm at the first look and in all.

    Raises ValueError where the series is too short: it takes two processes for each round.
    """
    logs, last = np.log(np.asarray(times_s, np.float64)), looks[1]
    random = np.random.default_rng(seed)
    pairs = _stretches(logs, 2 * last, random).reshape(GATES, last, 2)
    is_head_first = random.random((GATES, last)) < 0.5
    head = np.where(is_head_first, pairs[..., 0], pairs[..., 1])
    base = np.where(is_head_first, pairs[..., 1], pairs[..., 0])
    return _rates(head, base, slowdown, looks[0], in_turns=True)


def rates_apart(times_s: Sequence[float], slowdown: float, processes: int, seed: int = 0) -> Rates:
    """The rates of gates that compare two recorded benches of so many processes an arm. They look once."""
    logs = np.log(np.asarray(times_s, np.float64))
    random = np.random.default_rng(seed)
    head = _stretches(logs[len(logs) // 2 :], processes, random)
    base = _stretches(logs[: len(logs) // 2], processes, random)
    is_swapped = random.random((GATES, 1)) < 0.5
    return _rates(
        np.where(is_swapped, base, head), np.where(is_swapped, head, base), slowdown, processes, in_turns=False
    )


def _rates(head: FloatArray, base: FloatArray, slowdown: float, first: int, in_turns: bool) -> Rates:
    found = decided(head + math.log1p(slowdown), base, first, in_turns)
    slower, not_slower, undecided = (
        float(np.mean(found == answer)) for answer in ("slower", "not slower", "undecided")
    )
    return Rates(slowdown, slower, not_slower, undecided)


def decided(head: FloatArray, base: FloatArray, first: int, in_turns: bool = False) -> NDArray[np.str_]:
    """The answers of many gates of one row at once, as `harness.timing.slowdown.answers` gives them one by one.

    `head`, `base`: (gates, processes), the logarithms of process medians, of the same rounds where they were timed
    `in_turns`. `first`: processes at the first look.
    """
    larger = _larger_in_turns if in_turns else p_larger
    margin = math.log1p(SLOWDOWN)

    def is_cleared(head: FloatArray, base: FloatArray) -> NDArray[np.bool_]:
        return np.asarray(larger(base + margin, head) <= BETA)

    early_head, early_base = head[:, :first], base[:, :first]
    is_cleared_early = (larger(early_head, early_base) > SCREEN) & is_cleared(early_head, early_base)
    if first == head.shape[1]:
        is_cleared_early[:] = False
    ratio = centre(head - base) if in_turns else np.median(head[:, :, np.newaxis] - base[:, np.newaxis, :], axis=(1, 2))
    is_slower = (larger(head, base) <= ALPHA) & (ratio >= math.log1p(FLOOR))
    outcomes = [is_cleared_early, is_slower, is_cleared(head, base)]
    return np.select(outcomes, ["not slower", "slower", "not slower"], "undecided")


def _larger_in_turns(x: FloatArray, y: FloatArray) -> FloatArray:
    return p_positive(x - y)


def _stretches(logs: FloatArray, length: int, random: np.random.Generator) -> FloatArray:
    """(gates, length): stretches of a series that begin at random."""
    if len(logs) < length:
        raise ValueError(f"{len(logs)} process medians are too few: it takes {length}")
    starts = random.integers(len(logs) - length + 1, size=(GATES, 1))
    return logs[starts + np.arange(length)]
