"""`twinrun compare`: its arguments, and what the shell completes."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from harness.cli import main
from harness.cli.verbs.compare import VERB


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    VERB.add_arguments(made)
    return made


def test_pairs_of_arms_add_up(parser: argparse.ArgumentParser) -> None:
    chosen = parser.parse_args(["A", "B", "out=C", "--arms", "x:y", "--arms", "z:z"])
    assert chosen.overrides == ["A", "B", "out=C"]
    assert chosen.arms == ["x:y", "z:z"]


def test_folders_are_completed_and_out(
    parser: argparse.ArgumentParser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "odd.txt").touch()
    (completed,) = (action.completer for action in parser._actions if hasattr(action, "completer"))
    assert sorted(completed("o")) == ["old/", "other/", "out="]
    assert sorted(completed("out=o")) == ["out=old/", "out=other/"]
    assert completed("ou") == ["out="]


@pytest.mark.parametrize("given", [[], ["one"], ["a", "b", "c"]])
def test_it_takes_two_folders(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *given]) == 2
    assert "two" in capsys.readouterr().err


def test_folders_that_are_no_runs_are_all_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["compare", str(tmp_path / "missing"), str(tmp_path / "empty")]) == 2
    error = capsys.readouterr().err
    assert str(tmp_path / "missing") in error
    assert str(tmp_path / "empty") in error
