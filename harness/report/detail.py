"""How much a command prints: a screenful, every check, one sentence, or one JSON object."""

from __future__ import annotations

from typing import Literal

Detail = Literal["screen", "details", "sentence", "json"]
SCREEN: Detail = "screen"
ALL: Detail = "details"
# Nothing else is printed with these on standard output.
ONLY_THE_END: tuple[Detail, ...] = ("sentence", "json")
