"""`hosts.json`: where and when the arms of a joined run were recorded."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from harness.spec.base import Spec


class Recording(Spec):
    """One recording. `started`, `ended`: by that host's own clock, which is compared with no other.

    `marker`: the SHA-256 of the recording's complete.json.
    """

    arms: tuple[str, ...]
    folder: str
    host: str
    started: str
    ended: str
    twinrun: str
    machine: dict[str, Any] = Field(default_factory=dict)
    marker: str


class Hosts(Spec):
    """`export`: the digest of the exported file that all recordings are of."""

    schema_version: Literal[1] = 1
    export: str
    recordings: tuple[Recording, ...]
