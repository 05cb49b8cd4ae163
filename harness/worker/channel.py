"""The child's end of its channel: requests come in, events go out, and no code of the user's is in the way."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import queue
import resource
import signal
import threading
from typing import Any

from harness.worker.events import LINE_BYTES
from harness.worker.forks import end_copy

FAR = 512  # the number from which a descriptor is out of the way of loops over the first few


class Channel:
    """Takes standard input and the descriptor for events away from whatever else runs in this process.

    Only this process may send. A copy of it that a user's code forks has no channel, and ends where it tries to send.
    """

    def __init__(self, events: int, lifeline: int) -> None:
        self._owner = os.getpid()
        self._events, self._requests = _moved(events), _moved(0)
        _moved(lifeline)  # open is all that it has to be; see Group
        os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)  # the lowest number that is free: 0
        # A copy that lives on must not keep the channel open when this process has died.
        os.register_at_fork(after_in_child=self._close)
        self._number = 0
        self._waiting: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def receive(self) -> dict[str, Any]:
        """The next request; what is sent from now on is about it."""
        request: dict[str, Any] = json.loads(self._waiting.get())
        self._number = request.pop("request")
        return request

    def send(self, event: str, **fields: Any) -> None:
        """OSError where the parent no longer reads, ValueError where the event is larger than it takes."""
        end_copy(self._owner)
        line = json.dumps({"event": event, "request": self._number, **fields}).encode() + b"\n"
        if len(line) > LINE_BYTES:
            raise ValueError(f"an event {event} of {len(line):,} bytes; at most {LINE_BYTES:,} can be told")
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(self._events, rest) :]

    def end_copy(self) -> None:
        """Ends this process at once where it is no more than a copy of the one that has the channel."""
        end_copy(self._owner)

    def _read(self) -> None:
        with open(self._requests, "rb", closefd=False) as lines:
            for line in lines:
                self._waiting.put(line)
        # The parent is gone or done: nobody wants the rest, nor what was started here.
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)

    def _close(self) -> None:
        """In a copy, and in a copy of it no more, where the numbers may be those of other files."""
        if self._events >= 0:
            with contextlib.suppress(OSError):
                os.close(self._events)
                os.close(self._requests)
            self._events = self._requests = -1


def _moved(descriptor: int) -> int:
    """The same at a number that is out of the way, closed in programs that are started from here."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    far = FAR if allowed == resource.RLIM_INFINITY else min(FAR, allowed // 2)
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, far)
    os.close(descriptor)
    return moved
