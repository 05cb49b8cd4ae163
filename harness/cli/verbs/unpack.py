"""`twinrun unpack`."""

from __future__ import annotations

import argparse

from harness.cli.verb import CODES, Verb

EXAMPLES = """\
examples:
  twinrun unpack RUN.twinrun                  # into results/<experiment>/RUN
  twinrun unpack RUN.twinrun out=DIR

Every file is held against the digest that was packed with it. That shows damage on the way; who sent the file, it does
not show. Nothing is overwritten, and nothing of the package is run.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    sub.add_argument("overrides", nargs="*", default=[], metavar="FILE", help="a package; out=DIR")
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Unpacks a package. Returns the exit code."""
    from harness.report.sending import show_unpacked
    from harness.scenarios.catalogue.sending import unpacked

    return show_unpacked(unpacked(options.overrides))


VERB = Verb("unpack", "unpack a run that was packed, and check that it arrived whole", run, add_arguments)
