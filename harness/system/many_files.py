"""Does the same with many files, several at once: a network's file system takes long for each, and serves many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

READERS = 16  # threads
AT_LEAST = 32  # files for each thread; fewer are sooner done one by one

Item = TypeVar("Item")
Result = TypeVar("Result")


def for_each(items: Sequence[Item], work: Callable[[Item], Result]) -> list[Result]:
    """The result of `work` for every item, in order."""
    threads = min(READERS, len(items) // AT_LEAST)
    if threads < 2:
        return [work(item) for item in items]
    size = -(-len(items) // threads)
    parts = [items[first : first + size] for first in range(0, len(items), size)]
    with ThreadPoolExecutor(threads) as pool:
        return [result for part in pool.map(lambda part: [work(item) for item in part], parts) for result in part]
