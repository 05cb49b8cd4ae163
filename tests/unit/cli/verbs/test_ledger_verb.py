"""`twinrun ledger`: which entries, and what is refused. What the table holds: tests/unit/report."""

from __future__ import annotations

import argparse

import pytest

from harness.cli import main
from harness.cli.verbs.ledger import VERB
from harness.ledger import ledger


def test_an_entry_and_all_at_once_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", ledger()[0].id, "--verify"]) == 2
    assert capsys.readouterr().err == "twinrun: give either an ID or --verify\n"


def test_an_unknown_entry_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    name = ledger()[0].id
    assert main(["ledger", f"{name}x"]) == 2
    assert f"there is no entry '{name}x'; did you mean {name}? Allowed: " in capsys.readouterr().err


def test_entries_are_completed() -> None:
    parser = argparse.ArgumentParser()
    VERB.add_arguments(parser)
    (completed,) = (action.completer for action in parser._actions if hasattr(action, "completer"))
    assert completed() == [entry.id for entry in ledger()]
