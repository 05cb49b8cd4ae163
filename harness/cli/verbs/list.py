"""`twinrun list`."""

from __future__ import annotations

import argparse

from harness.cli.catalogue import EXPLAINED, add_choice, add_format
from harness.cli.verb import CODES, Verb

EXAMPLES = """\
examples:
  twinrun list
  twinrun list experiment=mnist_mlp verdict=diverges since=7d
  twinrun list version=2.21 'where=step_time_s > 0.01' --sort -step_time_s
  twinrun list root=s3://bucket/results --json
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_choice(sub)
    add_format(sub, "csv")
    sub.add_argument(
        "--sort", default="-created", metavar="COLUMN", help="a column of runs or arms; -COLUMN: the largest first"
    )
    sub.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many runs, 20 by default; 0: all")
    sub.add_argument("--all", action="store_true", help="also the runs within studies, sweeps and gates")
    sub.add_argument("--rebuild", action="store_true", help="reads every folder again, and writes the index anew")
    sub.epilog = f"{EXPLAINED}\n{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Lists the runs. Returns the exit code."""
    from harness.report.catalogue import show_list
    from harness.scenarios.catalogue.asking import asked
    from harness.scenarios.catalogue.listing import listed

    request = asked(options.overrides, {}, (0, 0))
    listing = listed(request, options.sort, max(0, options.limit), options.all, options.rebuild)
    show_list(listing, "json" if options.json else "csv" if options.csv else "text", request.root.shown)
    return 0


VERB = Verb("list", "list the runs of a results folder", run, add_arguments)
