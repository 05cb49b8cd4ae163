"""`twinrun report`."""

from __future__ import annotations

import argparse

from harness.cli.verb import CODES, Verb, add_recorded, folders_or

KEYS = ("out=", "lang=", "csp=")
EXAMPLES = """\
examples:
  twinrun report results/mnist_mlp/RUN
  twinrun report results/mnist_mlp/RUN lang=zh csp=strict out=DIR
  twinrun report results/mnist_mlp/* out=DIR

Of one folder the report is written into it, else into out=DIR: report.html, one page that needs no other file,
report.md, and every table as CSV and LaTeX in tables/. Several folders have one page, in out=DIR or a new folder below
results/report. lang=zh: the page in Chinese. csp=strict: a page without inline style, script or picture, which are
files beside it, for servers that forbid them. Nothing is run again: the page is made of the records alone.
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    add_recorded(
        sub,
        "the folders of runs, studies, pairs, benches, gates or comparisons; out=DIR, lang=en|zh, csp=strict",
        folders_or(*KEYS),
    )
    sub.epilog = f"{EXAMPLES}\n{CODES}"


def run(options: argparse.Namespace) -> int:
    """Writes the report. Returns the exit code."""
    from harness.report.reporting import start

    return start(options.overrides)


VERB = Verb("report", "write the report of recorded folders: one page, tables as CSV and LaTeX", run, add_arguments)
