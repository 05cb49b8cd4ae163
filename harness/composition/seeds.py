"""The key `seeds`: how many times an experiment is run, each time by a plan of its own."""

from __future__ import annotations

from typing import Any

from harness.composition.mistakes import Mistake, shown

MOST = 1000
ALLOWED = f"a whole number from 1 to {MOST:,}, or a list of different whole numbers >= 0"


def seeds_from(given: Any, first: Any) -> tuple[int, ...]:
    """A count is that many seeds from `first` on; a list is these seeds. Nothing where it is neither."""
    if _is_whole(given) and 1 <= given <= MOST and _is_whole(first):
        return tuple(range(first, first + given))
    if isinstance(given, list) and 1 <= len(given) <= MOST and all(_is_whole(seed) and seed >= 0 for seed in given):
        return tuple(given) if len(set(given)) == len(given) else ()
    return ()


def wrong_seeds(given: Any) -> list[Mistake]:
    """The mistake in the key, if there is one."""
    if seeds_from(given, 0):
        return []
    return [Mistake(("seeds",), f"seeds: given {shown(given)}; allowed: {ALLOWED}")]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
