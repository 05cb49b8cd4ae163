"""`twinrun ledger`."""

from __future__ import annotations

import argparse
from typing import Any

from harness.cli.verb import Verb, require_known


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    entry = sub.add_argument("id", nargs="?", metavar="ID", help="print this entry whole, and run its evidence")
    entry.completer = _entries  # type: ignore[attr-defined]
    sub.add_argument("--verify", action="store_true", help="run the evidence of all; 1 where a divergence is gone")
    sub.add_argument("--markdown", action="store_true", help="print the table as Markdown")


def run(options: argparse.Namespace) -> int:
    """Prints the ledger or runs evidence. Returns the exit code."""
    from harness.ledger.loading import ledger
    from harness.report import ledger_table

    if options.id is not None and options.verify:
        from harness.composition import UserMistake

        raise UserMistake(["give either an ID or --verify"])
    if options.verify:
        return ledger_table.print_verification(options.markdown)
    if options.id is None:
        return ledger_table.print_table(options.markdown)
    require_known("entry", options.id, [entry.id for entry in ledger()])
    return ledger_table.print_entry(options.id)


def _entries(**_: Any) -> list[str]:
    from harness.ledger.loading import ledger

    return [entry.id for entry in ledger()]


VERB = Verb("ledger", "list where a framework departs from its formula, and run the evidence again", run, add_arguments)
