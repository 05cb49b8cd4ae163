"""A failure as a value: what happened to an arm, at which stage, and what is known of it."""

from __future__ import annotations

import errno
from typing import Literal

from harness.spec.base import Spec

Symptom = Literal[
    "missing_framework",
    "missing_device",
    "unsupported",
    "exception",
    "memory",
    "protocol",
    "signal",
    "exit",
    "timeout",
    "interrupted",
]
UNVERIFIED: tuple[Symptom, ...] = ("missing_framework", "missing_device")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MESSAGE_CHARACTERS = 500


class Failure(Spec):
    """`stage` is the task the arm was at. `message` is one line; the worker's log has the rest.

    `protocol`: what came from the worker is no answer of ours. `memory`: there was not enough of it.
    """

    symptom: Symptom
    stage: str
    message: str

    @property
    def status(self) -> Literal["unverified", "unsupported", "interrupted", "crashed"]:
        """The word for it in a table."""
        if self.symptom in UNVERIFIED:
            return "unverified"
        if self.symptom == "unsupported":
            return "unsupported"
        return "interrupted" if self.symptom == "interrupted" else "crashed"

    def __str__(self) -> str:
        return f"{self.symptom} at {self.stage}: {self.message}"


class WorkerFailedError(Exception):
    """The arm cannot go on."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


def in_one_line(error: BaseException) -> str:
    """The class of an error and the first line of its text, whatever its `__str__` does."""
    try:
        text = shortened(str(error))
    except Exception:
        text = "(its text cannot be had)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def shortened(text: str, characters: int = MESSAGE_CHARACTERS) -> str:
    """The first line of a text, as far as a message has room; what is no Unicode is replaced."""
    line = next(iter(text.strip()[: 2 * characters].splitlines()), "")
    line = line.encode("utf-8", "replace").decode("utf-8")
    return line if len(line) <= characters else f"{line[:characters]}..."


def full_disk(error: BaseException | None) -> OSError | None:
    """The error of the system by which a disk, a quota or a file has no more room, if that is what lies behind this."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return error
        error = error.__cause__
    return None
