"""A thread that reads a worker's events and notes the time at which each arrived."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.records.failure import in_one_line
from harness.worker.events import Event, ProtocolError, read_events

LOOK_S = 1.0  # seconds between checks whether a silent worker still runs


@dataclass(frozen=True)
class Arrival:
    """An event, or what came in its place; None at the end of the channel. `time_s` is a time of `time.monotonic`."""

    item: Event | ProtocolError | None
    time_s: float


class Arrivals:
    """Reads a pipe until its end or until something that is no event, and closes it."""

    def __init__(self, pipe: int) -> None:
        self._queue: queue.Queue[Arrival] = queue.Queue()
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def next(self, limit_s: float, has_ended: Callable[[], bool]) -> Arrival | None:
        """The next arrival; None where nothing arrives by `limit_s`, a time of `time.monotonic`.

        What arrived by then is returned even after that time. `has_ended` tells whether the worker has ended: processes
        that it started may hold the pipe open, so that the end of the pipe alone does not show it.
        """
        while True:
            remaining_s = limit_s - time.monotonic()
            try:
                return self._queue.get(timeout=max(0.0, min(LOOK_S, remaining_s)))
            except queue.Empty:
                if remaining_s <= 0:
                    return None
            if has_ended():
                try:
                    return self._queue.get(timeout=LOOK_S)
                except queue.Empty:
                    return Arrival(None, time.monotonic())

    def _read(self, descriptor: int) -> None:
        try:
            with os.fdopen(descriptor, "rb") as pipe:
                for event in read_events(pipe):
                    self._put(event)
        except (ProtocolError, MemoryError) as error:
            self._put(error if isinstance(error, ProtocolError) else ProtocolError(in_one_line(error)))
        finally:  # without this end, `next` would wait for nothing
            self._put(None)

    def _put(self, item: Event | ProtocolError | None) -> None:
        self._queue.put(Arrival(item, time.monotonic()))
