"""The shortest command line that still shows a breach, and how it is printed."""

from __future__ import annotations

import re
from collections.abc import Callable

from odd_configurations import Trial

SHOWN = 120


def shortest(trial: Trial, breached: Callable[[Trial], bool]) -> Trial:
    """Drops one argument after the other, as long as the breach stays."""
    position = len(trial.arguments) - 1
    while position >= 0:
        shorter = trial.without(position)
        if breached(shorter):
            trial = shorter
        position -= 1
    return trial


def printed(trial: Trial) -> str:
    """As a shell takes it; what is long is cut, and its length said."""
    return " ".join(["twinrun", *map(_quoted, trial.arguments)])


def _quoted(argument: str) -> str:
    cut = argument if len(argument) <= SHOWN else f"{argument[:SHOWN]}... ({len(argument):,} characters)"
    if cut.isprintable() and cut.isascii():
        return cut if re.fullmatch(r"[\w@%+=:,./-]+", cut) else "'" + cut.replace("'", "'\\''") + "'"
    return "$'" + cut.encode("unicode_escape", "surrogatepass").decode().replace("'", "\\'") + "'"
