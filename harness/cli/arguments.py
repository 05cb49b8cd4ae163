"""What the command line takes: its verbs with their arguments."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, NoReturn

from harness import __version__
from harness.cli.experiment import EXAMPLES
from harness.cli.verb import CODES, Verb
from harness.system.text import printable


class _Parser(argparse.ArgumentParser):
    """Shows what was typed as text, whatever is in it."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def parser(verbs: Mapping[str, Verb]) -> argparse.ArgumentParser:
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    top = _Parser(
        prog="twinrun",
        description="Matched trainings of one abstract spec in MindSpore and TensorFlow, compared number by number.",
        epilog=f"{EXAMPLES}\n{CODES}",
        **shape,
    )
    top.add_argument("--version", action="version", version=f"twinrun {__version__}")
    listed = top.add_subparsers(dest="verb", metavar="VERB")
    for name, verb in verbs.items():
        description = verb.summary[0].upper() + verb.summary[1:] + "."
        verb.add_arguments(listed.add_parser(name, help=verb.summary, description=description, **shape))
    return top
