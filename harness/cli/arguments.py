"""The parser of the command line: its verbs with their arguments."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, NoReturn

from harness import __version__
from harness.cli.experiment import EXAMPLES
from harness.cli.verb import CODES, Verb
from harness.system.text import printable


class _Parser(argparse.ArgumentParser):
    """Prints what the user typed as plain text, also where it contains control characters."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def parser(verbs: Mapping[str, Verb]) -> argparse.ArgumentParser:
    """The parser of `twinrun`, with a subparser for each verb."""
    layout: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    command = _Parser(
        prog="twinrun",
        description="Matched trainings of one abstract spec in MindSpore and TensorFlow, compared number by number.",
        epilog=f"{EXAMPLES}\n{CODES}",
        **layout,
    )
    command.add_argument("--version", action="version", version=f"twinrun {__version__}")
    subparsers = command.add_subparsers(dest="verb", metavar="VERB")
    for name, verb in verbs.items():
        description = verb.summary[0].upper() + verb.summary[1:] + "."
        verb.add_arguments(subparsers.add_parser(name, help=verb.summary, description=description, **layout))
    return command
