"""`twinrun query`."""

from __future__ import annotations

import argparse

from harness.cli.catalogue import EXPLAINED, add_choice, add_format
from harness.cli.verb import CODES, Verb

EXAMPLES = """\
examples:
  twinrun query                                  # the tables and their columns
  twinrun query "select experiment, count(*) from runs group by experiment"
  twinrun query "select arm, version, median(step_time_s) from arms join runs using (run) group by all" kind=bench
  twinrun query "select rung, sum(diverges) from rungs group by rung" since=30d --csv

The tables are runs, arms and rungs; `run` joins them. DuckDB answers, and reads and writes no file.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_choice(sub, "SQL", "one SELECT over runs, arms and rungs; and which runs these hold, as KEY=VALUE")
    add_format(sub, "csv", "markdown")
    sub.epilog = f"{EXAMPLES}\n{EXPLAINED}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Answers the query. Returns the exit code."""
    from harness.report.catalogue import notes, show_answer, show_columns
    from harness.scenarios.catalogue.querying import answered

    form = next((form for form in ("json", "csv", "markdown") if getattr(options, form)), "text")
    answer = answered(options.overrides)
    if answer is None:
        show_columns()
        return 0
    notes(answer.notes)
    show_answer(answer.table, form)  # type: ignore[arg-type]
    return 0


VERB = Verb("query", "ask the catalogue of a results folder in SQL", run, add_arguments)
