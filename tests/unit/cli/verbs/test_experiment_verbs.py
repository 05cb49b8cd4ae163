"""`twinrun match` and `twinrun check`: one way to say what is run, two ways to run it."""

from __future__ import annotations

import argparse

import pytest

from harness.cli import experiment
from harness.cli.verbs import check, match
from harness.cli.verbs.doctor import VERB as DOCTOR


def parsed(verb: object, given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    return parser.parse_args(given)


def test_both_take_the_same_arguments() -> None:
    given = ["seed=1", "--config-dir", "groups", "--trust"]
    assert parsed(match.VERB, given) == parsed(check.VERB, given)


def test_both_run_what_they_are_given_by_their_name() -> None:
    """`harness.scenarios.start` looks the verb up."""
    from harness.scenarios.start import VERBS

    assert match.VERB.run is check.VERB.run is experiment.run
    assert {match.VERB.name, check.VERB.name} == set(VERBS)


def test_the_doctor_takes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert vars(parsed(DOCTOR, [])) == {}
    with pytest.raises(SystemExit):
        parsed(DOCTOR, ["mindspore"])
    assert "unrecognized arguments: mindspore" in capsys.readouterr().err
