"""What the files of verbs share."""

from __future__ import annotations

import argparse

import pytest

from harness.cli.verb import CODES, Verb, require_known
from harness.composition import UserMistake
from harness.records.exit_codes import EXIT_CODES


def test_a_known_name_passes() -> None:
    require_known("entry", "b", iter(["a", "b"]))


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UserMistake) as caught:
        require_known("family", "activations", ["activation", "loss"])
    (told,) = caught.value.mistakes
    assert told == "there is no family 'activations'; did you mean activation? Allowed: activation, loss"


def test_a_name_like_no_other_is_told_with_all() -> None:
    with pytest.raises(UserMistake, match="there is no mode 'zzz'; allowed: graph, jit"):
        require_known("mode", "zzz", ["jit", "graph"])


def test_every_exit_code_is_listed_with_its_meaning() -> None:
    title, *lines = CODES.splitlines()
    assert title == "exit codes:"
    assert [int(line.split()[0]) for line in lines] == list(EXIT_CODES)
    assert [line.split(maxsplit=1)[1] for line in lines] == list(EXIT_CODES.values())


def test_a_verb_takes_no_arguments_unless_it_says_so() -> None:
    parser = argparse.ArgumentParser()
    before = parser.format_help()
    Verb("name", "a clause", lambda chosen: 0).add_arguments(parser)
    assert parser.format_help() == before
