"""A failure as a value: what happened to an arm, at which stage, and what is known of it."""

from __future__ import annotations

from typing import Literal

from harness.spec.base import Spec

Symptom = Literal[
    "missing_framework", "missing_device", "unsupported", "exception", "signal", "exit", "timeout", "interrupted"
]
UNVERIFIED: tuple[Symptom, ...] = ("missing_framework", "missing_device")


class Failure(Spec):
    """`stage` is the task the arm was at. `message` is one line; the worker's log has the rest."""

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
