"""`twinrun trend`."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.catalogue import EXPLAINED, add_choice
from harness.cli.verb import CODES, Verb

EXAMPLES = """\
examples:
  twinrun trend mnist_mlp
  twinrun trend mnist_mlp kind=bench since=90d out=DIR

Runs are joined in a series where arm, mode, device, precision, policy, settings and spec are the same; of times also
the machine. out=DIR also writes trend.png, trend.svg and trend.csv.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_choice(sub, "EXPERIMENT", "the name of an experiment; and which of its runs, as KEY=VALUE")
    sub.epilog = f"{EXAMPLES}\n{EXPLAINED}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Shows the trend. Returns the exit code."""
    from harness.report.trend import show_trend, write_trend, written
    from harness.scenarios.catalogue.asking import asked, folder_to_write
    from harness.scenarios.catalogue.trend import trend_of

    request = asked(options.overrides, {"out": folder_to_write}, (1, 1), "EXPERIMENT")
    trend = trend_of(request)
    show_trend(trend)
    if "out" in request.further:
        written(write_trend(trend, Path(request.further["out"]).expanduser()))
    return 0


VERB = Verb("trend", "accuracy and speed of an experiment over time, and where they changed", run, add_arguments)
