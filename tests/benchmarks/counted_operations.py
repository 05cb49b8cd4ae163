"""Counts the file operations of a piece of work, as a network's file system would be asked for them."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

# Round trips of NFS 4.1 for each: an open sends OPEN and CLOSE, and READ, or WRITE and COMMIT; others one request.
ROUND_TRIPS = {"read": 3, "write": 4, "entry": 0.01, "list": 1}  # a reply to READDIR has about 100 entries
ENTRIES = "entry"
_active: list[Counter[str]] = []


@dataclass
class Operations:
    """The operations by their kind."""

    counts: Counter[str] = field(default_factory=Counter)

    @property
    def round_trips(self) -> float:
        """How often a client with an empty cache waits for the file server."""
        return sum(count * ROUND_TRIPS.get(kind, 1) for kind, count in self.counts.items())


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if not _active:
        return
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        is_written = bool((arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR))
        _active[-1]["write" if is_written else "read"] += 1
    elif event in ("os.scandir", "os.listdir"):
        _active[-1]["list"] += 1
    elif event in ("os.link", "os.rename", "os.remove", "os.utime", "os.mkdir", "os.rmdir"):
        _active[-1][event] += 1


sys.addaudithook(_on_event)


@contextmanager
def counted() -> Iterator[Operations]:
    """Context whose value has, at its end, what was asked of the file system in this process."""
    operations = Operations()
    stat, scandir = os.stat, os.scandir

    def counting_stat(*arguments: Any, **options: Any) -> os.stat_result:
        operations.counts["stat"] += 1
        return stat(*arguments, **options)

    _active.append(operations.counts)
    try:
        with mock.patch.object(os, "stat", counting_stat):
            yield operations
    finally:
        _active.pop()
        os.scandir = scandir
