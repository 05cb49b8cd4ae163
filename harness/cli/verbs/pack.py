"""`twinrun pack`."""

from __future__ import annotations

import argparse

from harness.cli.verb import CODES, Verb, folders

EXAMPLES = """\
examples:
  twinrun pack results/mnist_mlp/RUN                    # writes RUN.twinrun
  twinrun pack results/mnist_mlp/RUN out=mail/run.twinrun
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    run = sub.add_argument(
        "overrides", nargs="*", default=[], metavar="RUN", help="a folder, as for twinrun show; out=FILE"
    )
    run.completer = folders  # type: ignore[attr-defined]
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Packs a run. Returns the exit code."""
    from harness.report.sending import show_packed
    from harness.scenarios.catalogue.sending import packed

    return show_packed(packed(options.overrides))


VERB = Verb("pack", "pack a run into one file to send to somebody", run, add_arguments)
