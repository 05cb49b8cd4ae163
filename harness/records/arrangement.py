"""Which environment variables an arm's framework ran with to be fast, and why these."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.spec.base import Spec


class ChosenArrangement(Spec):
    """The arrangement of an arm in a run.

    `name`: that of the adapter, or `none`. `variables`: what was set. `reason`: `stated`, by the arm or by the
    environment of the command; `calibrated`, as the fastest on this machine; or `none`. `detail` says more.
    """

    name: str
    variables: dict[str, str] = Field(default_factory=dict)
    reason: Literal["stated", "calibrated", "none"]
    detail: str = ""

    def __str__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in self.variables.items())
        words = f"{settings} ({self.reason})" if settings else self.reason
        return f"{words}: {self.detail}" if self.detail else words
