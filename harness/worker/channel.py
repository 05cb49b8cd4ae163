"""The child's end of its channel: requests come in and events go out, out of reach of the user's code."""

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

from harness.records.series import Series
from harness.worker.events import LINE_BYTES
from harness.worker.forks import end_copy

FAR = 512  # descriptors from this number on are not reached by code that closes the first few


class Channel:
    """Takes standard input and the descriptor for events away from all other code in this process.

    Only this process may send. A copy of it that the user's code forks has no channel and ends when it tries to send.
    """

    def __init__(self, events: int, lifeline: int) -> None:
        self._owner = os.getpid()
        self._events, self._requests = _move(events), _move(0)
        _move(lifeline)  # it only has to stay open; see Group
        os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)  # the lowest number that is free: 0
        # A copy that lives on must not keep the channel open when this process has died.
        os.register_at_fork(after_in_child=self._close)
        self._number = 0
        self._waiting: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def receive(self) -> dict[str, Any]:
        """Waits for the next request. Events that are sent from now on carry its number."""
        request: dict[str, Any] = json.loads(self._waiting.get())
        self._number = request.pop("request")
        return request

    def send(self, event: str, **fields: Any) -> None:
        """Sends an event. OSError where the parent no longer reads, ValueError where the event is too large for it."""
        end_copy(self._owner)
        line = json.dumps({"event": event, "request": self._number, **fields}, default=_packed).encode() + b"\n"
        if len(line) > LINE_BYTES:
            raise ValueError(f"an event {event} of {len(line):,} bytes; at most {LINE_BYTES:,} can be told")
        unsent = memoryview(line)
        while unsent:
            unsent = unsent[os.write(self._events, unsent) :]

    def end_copy(self) -> None:
        """Ends this process at once if it is a forked copy of the one that owns the channel."""
        end_copy(self._owner)

    def _read(self) -> None:
        with open(self._requests, "rb", closefd=False) as lines:
            for line in lines:
                self._waiting.put(line)
        # The parent has gone or has finished: this process and all that it started are of no use.
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)

    def _close(self) -> None:
        """Closes the channel in a forked copy, once: in a copy of that copy the numbers may belong to other files."""
        if self._events >= 0:
            with contextlib.suppress(OSError):
                os.close(self._events)
                os.close(self._requests)
            self._events = self._requests = -1


def _packed(value: Any) -> Any:
    return value.packed if isinstance(value, Series) else json.JSONEncoder().default(value)


def _move(descriptor: int) -> int:
    """Moves a descriptor to a number from `FAR` on. Programs that are started from here do not inherit it."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    far = FAR if allowed == resource.RLIM_INFINITY else min(FAR, allowed // 2)
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, far)
    os.close(descriptor)
    return moved
