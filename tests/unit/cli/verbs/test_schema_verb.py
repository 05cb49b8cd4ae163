"""`twinrun schema`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.cli import main
from harness.spec import Experiment
from harness.spec.vocabulary import specimens


def printed(capsys: pytest.CaptureFixture[str], *given: str) -> dict[str, Any]:
    assert main(["schema", *given]) == 0
    schema: dict[str, Any] = json.loads(capsys.readouterr().out)
    return schema


def test_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    schema = printed(capsys)
    assert set(schema["properties"]) == set(Experiment.model_fields)
    assert schema["additionalProperties"] is False


def test_a_section_is_what_the_field_takes(capsys: pytest.CaptureFixture[str]) -> None:
    schema = printed(capsys, "schedule")
    classes = {each["$ref"].removeprefix("#/$defs/") for each in schema["anyOf"]}
    assert classes == {type(each).__name__ for each in specimens("schedule")}


def test_a_section_of_the_root_that_is_no_spec(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "seed")["type"] == "integer"


def test_an_unknown_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "schedules"]) == 2
    assert "there is no section 'schedules'; did you mean schedule? Allowed: " in capsys.readouterr().err
