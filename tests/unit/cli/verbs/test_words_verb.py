"""`twinrun words`: which family, in which setting. What the table holds: tests/unit/report."""

from __future__ import annotations

import argparse

import pytest

from harness.cli import main
from harness.cli.verbs.words import VERB
from harness.spec.vocabulary import BASES


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    VERB.add_arguments(made)
    return made


def test_families_are_completed(parser: argparse.ArgumentParser) -> None:
    (completed,) = (action.completer for action in parser._actions if hasattr(action, "completer"))
    assert completed() == list(BASES)


def test_a_mode_of_each_framework_may_be_given(parser: argparse.ArgumentParser) -> None:
    chosen = parser.parse_args(["loss", "--mode", "jit", "--mode", "xla"])
    assert (chosen.family, chosen.mode, chosen.device, chosen.realisation) == ("loss", ["jit", "xla"], "cpu", "native")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["losss"], "there is no family 'losss'; did you mean loss?"),
        (["--mode", "egaer"], "there is no mode 'egaer'; did you mean eager?"),
    ],
)
def test_unknown_names(given: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["words", *given]) == 2
    assert told in capsys.readouterr().err


def test_the_page_of_one_family_has_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["words", "clipping", "--markdown"]) == 0
    page = capsys.readouterr().out
    assert [line for line in page.splitlines() if line.startswith("## ")] == ["## clipping"]


def test_the_policy_changes_how_words_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["words", "optimizer", "--by"]) == 0
    native = capsys.readouterr().out
    assert main(["words", "optimizer", "--by", "--realisation", "exact"]) == 0
    assert capsys.readouterr().out != native
