"""`twinrun show`."""

from __future__ import annotations

import argparse

from harness.cli.verb import CODES, Verb, add_recorded

EXAMPLES = """\
examples:
  twinrun show results/mnist_mlp/20261130T014533Z-fe7c02cc
  twinrun show 20261130T0145                               # the beginning of a name, if only one run in results has it
  twinrun show mnist_mlp/2026 root=DIR

The records are read from the folder and held against their digests. twinrun verify also computes them again.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_recorded(
        sub,
        "the folder of a run, study, pair, comparison, bench or gate, or the beginning of its name; root=DIR",
    )
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Shows one run. Returns the exit code."""
    from harness.scenarios.catalogue.naming import folder_of

    folder = folder_of(options.overrides)
    from harness.report.catalogue_run import show_run

    return show_run(folder)


VERB = Verb("show", "show one recorded run on a screen", run, add_arguments)
