"""What comes from a worker, with the time at which it came, read by a thread of its own."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.records.failure import in_one_line
from harness.worker.events import Event, ProtocolError, read_events

LOOK_S = 1.0  # how often it is looked whether a silent worker is still there


@dataclass(frozen=True)
class Arrival:
    """`what` is None at the end of the channel. `time_s` is of `time.monotonic`."""

    what: Event | ProtocolError | None
    time_s: float


class Arrivals:
    """Reads the pipe to its end, or to the first that is no event, and closes it."""

    def __init__(self, pipe: int) -> None:
        self._queue: queue.Queue[Arrival] = queue.Queue()
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def next(self, limit_s: float, has_ended: Callable[[], bool]) -> Arrival | None:
        """The next; None where there is none by `limit_s`, a time of `time.monotonic`.

        What came by then is returned whenever it is asked for. `has_ended`: whether the worker has; what it started may
        hold its end of the pipe open, so that only this tells that nothing more will come.
        """
        while True:
            rest_s = limit_s - time.monotonic()
            try:
                return self._queue.get(timeout=max(0.0, min(LOOK_S, rest_s)))
            except queue.Empty:
                if rest_s <= 0:
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
        finally:  # else it would be waited for in vain
            self._put(None)

    def _put(self, what: Event | ProtocolError | None) -> None:
        self._queue.put(Arrival(what, time.monotonic()))
