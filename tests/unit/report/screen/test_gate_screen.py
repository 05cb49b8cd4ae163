"""What a gate prints: a screenful, its tests, the sentence alone, an object."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.records.gate import Gate, GateRow
from harness.report.presented import InDetail
from harness.results.claim import claim
from harness.results.kinds import GATE
from harness.results.marker import Marker, complete

SLOW = GateRow(
    check="speed",
    subject="mindspore",
    status="slower",
    cause="1.095 times its base (1.085 to 1.106)",
    ratio=1.0951,
    low=1.085,
    high=1.1064,
    p_slower=1.7e-9,
    p_below=1.0,
    spread=0.013,
    head_processes=16,
    base_processes=16,
)
UNSURE = GateRow(
    check="drift", subject="tensorflow", status="undecided", cause="30 processes of each side would decide"
)
LESS = GateRow(check="accuracy", subject="tensorflow", status="not lower", difference=-0.0012, low=-0.003, high=0.001)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "gated"
    claim(folder, "gate")
    notes = ("the error rates are those of processes in one invocation; what the machine did in between is not there",)
    gate = Gate(head="head", base="base", notes=notes, rows=(LESS, SLOW, UNSURE))
    (folder / GATE).write_text(gate.model_dump_json())
    complete(folder, Marker.of("gate", gate.exit_code, gate.sentence))
    return folder


def test_a_screenful_fits(folder: Path, width: int, fitting: Callable[[], str]) -> None:
    InDetail().show_gate(folder)
    text = fitting()
    assert "SLOWER: mindspore (speed): 1.095 times its base" in text
    assert "tensorflow accuracy -0.12%" in text
    assert ("1.085 to 1.106 slower" in text) == (width == 80)  # what is left out first where it does not fit
    assert text.count("1.095 times its base") == 1  # the sentence has it
    assert "tensorflow (drift): 30 processes" in text
    assert "p below" not in text


def test_every_test_is_in_the_details(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    InDetail("details").show_gate(folder)
    out = capsys.readouterr().out
    assert "p slower" in out
    assert "16 : 16" in out
    assert "\x1b" not in out


def test_the_sentence_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    InDetail("sentence").show_gate(folder)
    assert capsys.readouterr().out == "SLOWER: mindspore (speed): 1.095 times its base (1.085 to 1.106)\n"


def test_an_object_for_scripts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    InDetail("json").show_gate(folder)
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["exit_code"], outcome["folder"], outcome["head"]) == (6, str(folder), "head")
    assert [row["status"] for row in outcome["rows"]] == ["not lower", "slower", "undecided"]


def test_a_damaged_gate_passes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / GATE).write_text("{")
    InDetail("json").show_gate(folder)
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["exit_code"] == 4
    assert outcome["sentence"].startswith("UNVERIFIED: gate.json")
    assert (outcome["head"], outcome["rows"]) == (None, [])


COLOUR = re.compile(r"\x1b\[[\d;]*3[0-7]m")


@pytest.mark.parametrize("no_color", ["", "1"])
@pytest.mark.usefixtures("width")
def test_a_terminal_has_colours_unless_they_are_unwanted(
    no_color: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    InDetail().show_gate(folder)
    assert (COLOUR.search(capsys.readouterr().out) is None) == bool(no_color)
