"""What a verb of the command is: its arguments, its help and its code, together in a file of `harness.cli.verbs`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.records.exit_codes import EXIT_CODES

CODES = "\n".join(["exit codes:", *(f"  {code:3}  {meaning}" for code, meaning in EXIT_CODES.items())])


def no_arguments(_: argparse.ArgumentParser) -> None:
    """Of a verb that takes none."""


@dataclass(frozen=True)
class Verb:
    """`summary` is a clause in the list of verbs. `run` gives the exit code; UserMistake tells what the user got wrong.

    The file of a verb imports nothing but this at its top, so that help and mistakes come at once.
    """

    name: str
    summary: str
    run: Callable[[argparse.Namespace], int]
    add_arguments: Callable[[argparse.ArgumentParser], None] = no_arguments


def known(what: str, given: str, allowed: Iterable[str]) -> None:
    """UserMistake, with the nearest name, where what was given is none of what is allowed."""
    if given not in allowed:
        from harness.composition import UserMistake
        from harness.composition.mistakes import no_such

        raise UserMistake([no_such(f"there is no {what} {given!r}", given, allowed)])
