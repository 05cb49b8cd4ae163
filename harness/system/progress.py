"""How far a piece of work is. Whoever does the work reports it to a function; what shows it is not known here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from harness.system.output import OutputGoneError

EVERY_S = 0.2  # seconds between two reports on one piece of work
Item = TypeVar("Item")


@dataclass(frozen=True)
class Work:
    """`done` of `total` parts of `what`, which `who` does: an arm, or the reference.

    `unit`: what the parts are. Work of one part has no parts that could be counted. `note`: what else is to be said.
    """

    who: str
    what: str
    done: int = 0
    total: int = 1
    unit: str = "steps"
    note: str = ""

    @property
    def is_ended(self) -> bool:
        return self.done >= self.total


OnWork = Callable[[Work], None]


def ignore(work: object) -> None:
    """A listener that does nothing."""


@contextmanager
def doing(who: str, what: str, on_work: OnWork) -> Iterator[None]:
    """Context in which `who` does `what`, in one part."""
    on_work(Work(who, what))
    try:
        yield
    finally:
        on_work(Work(who, what, 1))


def counted(
    items: Sequence[Item], who: str, what: str, on_work: OnWork, unit: str = "steps", every_s: float = EVERY_S
) -> Iterator[Item]:
    """The items in turn, and before each a report of how many are done, at most one every `every_s` seconds."""
    total, reported_s = len(items), -float("inf")
    try:
        for done, item in enumerate(items):
            if time.monotonic() - reported_s >= every_s:
                on_work(Work(who, what, done, total, unit))
                reported_s = time.monotonic()
            yield item
    finally:
        on_work(Work(who, what, total, total, unit))


@contextmanager
def said_if_slow(text: str, after_s: float, tell: Callable[[str], None] | None = None) -> Iterator[None]:
    """Context that prints a line, or tells it, if it lasts longer than `after_s` seconds."""

    def say() -> None:
        with suppress(OutputGoneError, ValueError):  # the next line that is printed fails too, and is reported
            print(text, flush=True) if tell is None else tell(text)

    timer = threading.Timer(after_s, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
