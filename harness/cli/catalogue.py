"""What the verbs of the catalogue share: the arguments that choose runs, and those for the form of the output."""

from __future__ import annotations

import argparse

EXPLAINED = """\
which runs, as KEY=VALUE; several names of one key are separated by commas, and all keys must hold:
  root         the results folder, by default results; or an address such as s3://bucket/results
  experiment, arm   names
  version      of twinrun, of a framework or a package, or its beginning: 2.21, 'numpy 1.26.4'
  kind         run, study, pair, comparison, bench, gate, sweep
  status       complete, running, unfinished, damaged, unmarked
  verdict      agrees, diverges, unverified, crashed, timed, passed, slower, ...
  since, until a date 2026-11-30, a time 2026-11-30T05:36 in UTC, or an age 12h, 30d, 2w
  where        a condition in SQL on the columns of runs and arms (docs/results.md)
"""


def add_choice(sub: argparse.ArgumentParser, what: str = "KEY=VALUE", meaning: str = "which runs; see below") -> None:
    """Adds the arguments that choose runs."""
    sub.add_argument("overrides", nargs="*", default=[], metavar=what, help=meaning)


def add_format(sub: argparse.ArgumentParser, *further: str) -> None:
    """Adds `--json` and the other forms of output, of which at most one can be given."""
    forms = sub.add_mutually_exclusive_group()
    for form in ("json", *further):
        meaning = "prints one JSON object for scripts" if form == "json" else f"prints {form.upper()}"
        forms.add_argument(f"--{form}", action="store_true", help=meaning)
