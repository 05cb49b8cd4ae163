"""A failure as a value: what happened to an arm, at which stage, and the message."""

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
    "budget",
    "not_recorded",
]
NOT_RECORDED: Symptom = "not_recorded"
UNVERIFIED: tuple[Symptom, ...] = ("missing_framework", "missing_device", "budget", NOT_RECORDED)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MESSAGE_CHARACTERS = 500


class Failure(Spec):
    """The failure of an arm. `stage`: the task at which it failed. `message`: one line; the worker's log has the rest.

    Symptoms: `protocol`, the worker sent something that is not an answer of the protocol; `memory`, memory ran out;
    `budget`, no time was left for the arm; `not_recorded`, its recording has no answer to a question.
    """

    symptom: Symptom
    stage: str
    message: str

    @property
    def status(self) -> Literal["unverified", "unsupported", "interrupted", "crashed"]:
        """The failure as a status of a table."""
        if self.symptom in UNVERIFIED:
            return "unverified"
        if self.symptom == "unsupported":
            return "unsupported"
        return "interrupted" if self.symptom == "interrupted" else "crashed"

    def __str__(self) -> str:
        return f"{self.symptom} at {self.stage}: {self.message}"


class WorkerFailedError(Exception):
    """The arm cannot continue; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


def in_one_line(error: BaseException) -> str:
    """The class of an error and the first line of its text, even if its `__str__` raises."""
    try:
        text = shortened(str(error))
    except Exception:
        text = "(its text cannot be had)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def shortened(text: str, characters: int = MESSAGE_CHARACTERS) -> str:
    """The first line of a text, cut to `characters`; characters that UTF-8 cannot encode are replaced."""
    line = next(iter(text.strip()[: 2 * characters].splitlines()), "")
    line = line.encode("utf-8", "replace").decode("utf-8")
    return line if len(line) <= characters else f"{line[:characters]}..."


def full_disk(error: BaseException | None) -> OSError | None:
    """The OSError of a full disk, a quota or a file size limit among the error and its causes; None without one."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return error
        error = error.__cause__
    return None
