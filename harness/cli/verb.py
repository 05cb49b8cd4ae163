"""A verb of the command: its arguments, its help and its code, in one file of `harness.cli.verbs`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.records.exit_codes import EXIT_CODES

CODES = "\n".join(["exit codes:", *(f"  {code:3}  {meaning}" for code, meaning in EXIT_CODES.items())])


def no_arguments(_: argparse.ArgumentParser) -> None:
    """Adds nothing, for a verb without arguments."""


@dataclass(frozen=True)
class Verb:
    """A verb. `summary` is its clause in the list of verbs.

    `run` returns the exit code and raises UserMistake where the command line is wrong. At its top the file of a verb
    imports modules of `harness.cli` only, so that help is printed at once.
    """

    name: str
    summary: str
    run: Callable[[argparse.Namespace], int]
    add_arguments: Callable[[argparse.ArgumentParser], None] = no_arguments


def folders(prefix: str, **_: object) -> list[str]:
    """Completes an argument that names a folder."""
    from argcomplete.completers import DirectoriesCompleter

    return list(DirectoriesCompleter()(prefix))


def folders_or(*keys: str) -> Callable[..., list[str]]:
    """Completes an argument that names a folder, or is one of `keys` such as `lang=`; after `out=` a folder again."""

    def completed(prefix: str, **_: object) -> list[str]:
        if prefix.startswith("out="):
            return [f"out={folder}" for folder in folders(prefix.removeprefix("out="))]
        return [*folders(prefix), *(key for key in keys if key.startswith(prefix))]

    return completed


def add_recorded(sub: argparse.ArgumentParser, meaning: str, completer: Callable[..., list[str]] = folders) -> None:
    """Adds the argument for recorded folders and the settings beside them. `meaning`: its help."""
    recorded = sub.add_argument("overrides", nargs="*", default=[], metavar="RUN", help=meaning)
    recorded.completer = completer  # type: ignore[attr-defined]


def add_detail(sub: argparse.ArgumentParser, everything: str = "every check") -> None:
    """Adds the options for how much a verb prints. `everything`: what it prints with --details."""
    sub.set_defaults(detail="screen")
    shown = sub.add_mutually_exclusive_group()
    for flags, detail, meaning in (
        (("--details",), "details", f"print {everything}, as report.md has them"),
        (("-q", "--quiet"), "sentence", "print the outcome in one sentence and nothing else"),
        (("--json",), "json", "print the outcome as one JSON object and nothing else"),
    ):
        shown.add_argument(*flags, dest="detail", action="store_const", const=detail, help=meaning)


def require_known(kind: str, name: str, allowed: Iterable[str]) -> None:
    """Raises UserMistake, with the nearest name, where `name` is not among `allowed`. `kind` is what it names."""
    if name not in allowed:
        from harness.composition import UserMistake
        from harness.composition.mistakes import no_such

        raise UserMistake([no_such(f"there is no {kind} {name!r}", name, allowed)])
