"""`twinrun verify`."""

from __future__ import annotations

import argparse

from harness.cli.verb import CODES, Verb, folders

EXAMPLES = """\
examples:
  twinrun verify results/mnist_mlp/RUN
  twinrun verify results/gate/RUN
  twinrun verify results/baselines/mnist_mlp/20261129T120000Z-1a2b3c4d

Every table, the outcome and every page of the folder are computed again from its raw samples, traces and verdicts. What
differs is named with its file, row and column; so is what is missing or damaged. Nothing is written.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the argument of the verb."""
    run = sub.add_argument("run", metavar="RUN", help="any folder of twinrun: of a run, study, bench, gate, baseline")
    run.completer = folders  # type: ignore[attr-defined]
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Verifies the folder. Returns the exit code."""
    from harness.report import verification
    from harness.scenarios.verify.start import start

    return start(options.run, verification)


VERB = Verb(
    "verify",
    "recompute every table and page of a folder from its raw records, and name what differs",
    run,
    add_arguments,
)
