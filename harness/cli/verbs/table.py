"""`twinrun table`."""

from __future__ import annotations

import argparse

from harness.cli.catalogue import EXPLAINED, add_choice
from harness.cli.verb import CODES, Verb

FORMATS = ("text", "markdown", "latex", "csv")
EXAMPLES = """\
the table, as KEY=VALUE; several names are separated by commas:
  rows         columns whose values name a row, by default experiment,arm
  columns      columns whose values name a column, by default none
  values       columns of numbers, by default test_accuracy
  statistic    mean (the default), median, min, max, std, count, last

examples:
  twinrun table
  twinrun table rows=experiment,arm columns=version values=step_time_s statistic=median kind=bench
  twinrun table values=test_accuracy,step_time_s statistic=mean,std since=30d --format latex
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_choice(sub, meaning="the table, and which runs; see below")
    sub.add_argument("--format", choices=FORMATS, default="text", help="the form of the output")
    sub.epilog = f"{EXAMPLES}\n{EXPLAINED}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Prints the table. Returns the exit code."""
    from harness.report.catalogue import show_pivot
    from harness.scenarios.catalogue.asking import asked
    from harness.scenarios.catalogue.pivot import DEFAULTS, pivoted

    show_pivot(pivoted(asked(options.overrides, dict.fromkeys(DEFAULTS, str), (0, 0))), options.format)
    return 0


VERB = Verb("table", "statistics of the arms of many runs: rows, columns and values by name", run, add_arguments)
