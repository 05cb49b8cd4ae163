"""What a comparison prints: one line a rung and the times of both, the sentence alone, an object."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up_comparisons import write_comparison

from harness.report.presented import InDetail


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_comparison(tmp_path / "comparison")


def test_a_screenful_fits(folder: Path, fitting: Callable[[], str]) -> None:
    InDetail().show_comparison(folder)
    text = fitting()
    assert text.startswith("A: /runs/a B: /runs/b judge: the reference a note on slow/seed1 a note on slow/seed2 rung")
    assert text.count("rung model 2 checks diverges") == 1
    assert "What changed" in text
    assert text.count("version A.one B.one") == 0
    assert "DIVERGES first at slow/seed2, model, logits" in text
    assert "of tolerance" not in text


def test_the_worst_check_is_named_with_its_run(folder: Path, lines: Callable[[], list[str]]) -> None:
    InDetail().show_comparison(folder)
    (rung,) = (line for line in lines() if line.startswith("  rung "))
    assert rung.endswith("slow/seed2: logits, [3]")
    assert len(rung) <= 80


def test_the_sentence_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    InDetail("sentence").show_comparison(folder)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("DIVERGES first at slow/seed2")


def test_an_object_for_scripts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    InDetail("json").show_comparison(folder)
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["exit_code"], outcome["a"], outcome["b"]) == (1, "/runs/a", "/runs/b")
    assert [(row["rung"], row["checks"], row["status"]) for row in outcome["rungs"]] == [("model", 2, "diverges")]
    assert outcome["rungs"][0]["where"] == "slow/seed2: logits, [3]"
    assert outcome["first_divergence"]["subject"] == "slow/seed2: logits"
    assert [(row["variant"], row["arms"]) for row in outcome["arms"]] == [("slow/seed1", "one"), ("slow/seed2", "one")]
    assert outcome["arms"][0]["times"]["import"] == {"a": 2.0, "b": 1.0}
    assert outcome["arms"][0]["accuracy"] == {"a": None, "b": None}
