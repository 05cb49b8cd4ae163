"""One entry of the ledger: where it holds, and for which versions."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.ledger.entry import Entry, frameworks, in_words

FIELDS: dict[str, Any] = {
    "id": "tensorflow-x",
    "framework": "tensorflow",
    "kind": "different",
    "family": "optimizer",
    "word": "adam",
    "precision": "any",
    "versions": ">=2.20,<2.22",
    "what": "It is\n  off.",
    "cause": "c",
    "instead": "i",
    "evidence": "diverges = True",
}


def entry(**changed: Any) -> Entry:
    return Entry.model_validate({**FIELDS, **changed})


def test_text_is_kept_on_one_line() -> None:
    assert entry().what == "It is off."


@pytest.mark.parametrize(
    ("versions", "concerned"),
    [
        ({"tensorflow": "2.21.0"}, True),
        ({"tensorflow": "2.22.0rc1"}, False),
        ({"tensorflow": "2.21.0rc1"}, True),  # a candidate computes what the release will
        ({"tensorflow": "2.19.1"}, False),
        ({"mindspore": "2.21.0"}, False),
        ({}, False),
    ],
)
def test_versions(versions: dict[str, str], concerned: bool) -> None:
    assert entry().concerns(versions) is concerned


@pytest.mark.parametrize(
    ("changed", "setting", "holds"),
    [
        ({}, ("float32", "xla", "cpu"), True),
        ({}, ("float64", "eager", "cpu"), True),
        ({}, ("float32", "graph", "gpu"), False),
        ({"precision": "float64"}, ("float32", "graph", "cpu"), False),
        ({"modes": ("xla",)}, ("float32", "graph", "cpu"), False),
        ({"modes": ("xla",)}, ("float32", "xla", "cpu"), True),
        ({"devices": ("gpu", "cpu")}, ("float32", "graph", "gpu"), True),
    ],
)
def test_settings(changed: dict[str, Any], setting: tuple[str, str, str], holds: bool) -> None:
    assert entry(**changed).holds_in(*setting) is holds


def test_a_bound_in_words() -> None:
    inaccurate = {"kind": "inaccurate", "bound": 8.4e-07, "measure": "relative"}
    assert entry(**inaccurate).bound_in_words == "8.4e-07 relative"
    assert entry().bound_in_words == ""


def test_something_beside_the_words() -> None:
    assert entry(family="training", word="loop").word == "loop"
    with pytest.raises(ValidationError, match="there is no training 'adam'; there are loop"):
        entry(family="training")


def test_all_that_is_inconsistent_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        entry(id="mindspore-x", word="adan", bound=1.0)
    told = in_words(caught.value)
    assert told.startswith(
        "framework: the file's name must begin with tensorflow-; word: there is no optimizer 'adan'; "
    )
    assert told.endswith("; bound: only for an inaccurate entry")
    assert "\n" not in told
    assert "Value error" not in told


def test_frameworks_are_each_named_once_in_order() -> None:
    other = entry(id="mindspore-x", framework="mindspore")
    assert frameworks([entry(), other, entry(id="tensorflow-y")]) == ("tensorflow", "mindspore")
    assert frameworks([]) == ()
