"""The key `seeds`: the seeds that an experiment is run with, each with its own plan."""

from __future__ import annotations

from typing import Any

from harness.composition.mistakes import Mistake, shown

MOST = 1000
ALLOWED = f"a whole number from 1 to {MOST:,}, or a list of different whole numbers >= 0"


def seeds_from(value: Any, first_seed: Any) -> tuple[int, ...]:
    """The seeds of a count, from `first_seed` on, or of a list; empty for any other value."""
    if _is_whole(value) and 1 <= value <= MOST and _is_whole(first_seed):
        return tuple(range(first_seed, first_seed + value))
    if isinstance(value, list) and 1 <= len(value) <= MOST and all(_is_whole(seed) and seed >= 0 for seed in value):
        return tuple(value) if len(set(value)) == len(value) else ()
    return ()


def wrong_seeds(value: Any) -> list[Mistake]:
    """The mistake in the value of the key; empty if it is valid."""
    if seeds_from(value, 0):
        return []
    return [Mistake(("seeds",), f"seeds: given {shown(value)}; allowed: {ALLOWED}")]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
