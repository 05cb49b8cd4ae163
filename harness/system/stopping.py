"""Stopping from outside: Ctrl-C, SIGTERM and SIGHUP become one KeyboardInterrupt, however often they come.

A run that is stopped writes what it knows, which takes a fraction of a second. A second signal must not cut that off:
within `GRACE_S` of the first, and within `shielded()`, signals are counted and raise nothing. Who writes asks
`stopped_again()` and leaves out what takes longer.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Past this a signal interrupts again: the first may have been lost where Python drops exceptions (a finalizer).
GRACE_S = 5.0


@dataclass
class _State:
    count: int = 0
    last_raised: float | None = None
    shields: int = 0
    is_heeding: bool = False


_state = _State()


@contextmanager
def heeding_signals() -> Iterator[None]:
    """Within it signals are taken as described above; nothing changes in another thread, or where they are already."""
    if _state.is_heeding or threading.current_thread() is not threading.main_thread():
        yield
        return
    _state.count, _state.last_raised, _state.shields, _state.is_heeding = 0, None, 0, True
    # What is ignored stays so: a hang-up under nohup, Ctrl-C in a script's background job. SIGTERM always ends a run.
    taken = [each for each in SIGNALS if each is signal.SIGTERM or signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, _on_signal) for each in taken}
    try:
        yield
    finally:
        _state.is_heeding = False
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def shielded() -> Iterator[None]:
    """Within it signals are counted only."""
    _state.shields += 1
    try:
        yield
    finally:
        _state.shields -= 1


def stopped() -> bool:
    """Whether a signal has come."""
    return _state.count > 0


def stopped_again() -> bool:
    """Whether a further signal has come since the first."""
    return _state.count > 1


def _on_signal(*_: object) -> None:
    _state.count += 1
    now = time.monotonic()
    if _state.shields or (_state.last_raised is not None and now - _state.last_raised < GRACE_S):
        return
    _state.last_raised = now
    raise KeyboardInterrupt
