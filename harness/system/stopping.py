"""Signals that stop a run: Ctrl-C, SIGTERM and SIGHUP raise one KeyboardInterrupt, however often they arrive.

A run that is stopped writes its results so far, which takes a fraction of a second. A second signal must not interrupt
that: within `GRACE_S` of the first, and within `shielded()`, signals are counted and raise nothing. Code that writes
calls `stopped_again()` and skips what takes longer.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Seconds after which a signal interrupts again: the first is lost if it was raised in a finalizer.
GRACE_S = 5.0


@dataclass
class _State:
    count: int = 0
    last_raised: float | None = None
    shields: int = 0
    is_heeding: bool = False


_state = _State()


@contextmanager
def heeding_signals(ends_process: bool = False) -> Iterator[None]:
    """Context in which signals are handled as described above; no effect in other threads or where one is active.

    `ends_process`: the process ends after the context. Where it was stopped, further signals are then ignored: while
    the interpreter is shut down, one of them would end the process with another exit code.
    """
    if _state.is_heeding or threading.current_thread() is not threading.main_thread():
        yield
        return
    _state.count, _state.last_raised, _state.shields, _state.is_heeding = 0, None, 0, True
    # Ignored signals stay ignored: a hang-up under nohup, Ctrl-C in a background job. SIGTERM always ends a run.
    heeded = [
        signum for signum in SIGNALS if signum is signal.SIGTERM or signal.getsignal(signum) is not signal.SIG_IGN
    ]
    before = {signum: signal.signal(signum, _on_signal) for signum in heeded}
    try:
        yield
    finally:
        _state.is_heeding = False
        with shielded():
            for number, handler in before.items():
                signal.signal(number, signal.SIG_IGN if ends_process and stopped() else handler)


@contextmanager
def shielded() -> Iterator[None]:
    """Context in which signals are only counted."""
    _state.shields += 1
    try:
        yield
    finally:
        _state.shields -= 1


@contextmanager
def deferred() -> Iterator[None]:
    """Context that a signal interrupts only at its end: what is begun in it is finished, and known to who ends it."""
    before = _state.count
    with shielded():
        yield
    if _state.is_heeding and _state.count > before and threading.current_thread() is threading.main_thread():
        _interrupt()


def stopped() -> bool:
    """Whether a signal has arrived."""
    return _state.count > 0


def stopped_again() -> bool:
    """Whether another signal has arrived since the first."""
    return _state.count > 1


def _on_signal(*_: object) -> None:
    _state.count += 1
    _interrupt()


def _interrupt() -> None:
    """Raises KeyboardInterrupt, except in a shield and within `GRACE_S` of the last one."""
    now = time.monotonic()
    if _state.shields or (_state.last_raised is not None and now - _state.last_raised < GRACE_S):
        return
    _state.last_raised = now
    raise KeyboardInterrupt
