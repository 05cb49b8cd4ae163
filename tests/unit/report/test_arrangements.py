"""The table of `doctor` shows what each arrangement takes, and which one is used, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from arranging import FAST, MINDSPORE, SLOW, VARIABLE, machine, processor

from harness.report.arrangements import COLUMNS, arrangement_rows
from harness.spec.arm import Arm
from harness.worker.arrangement import choice
from harness.worker.arrangement.calibration import CalibrationError
from harness.worker.arrangement.figures import Figures

ARMS = [Arm(name="reference", adapter="reference", mode="numpy"), MINDSPORE]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Figures]:
    """What is measured here."""
    machine(monkeypatch, tmp_path)
    figures = {"none": SLOW, "avx2": FAST}

    def measure(arm: Arm, names: Sequence[str]) -> dict[str, Figures]:
        if not figures:
            raise CalibrationError("signal at calibrate")
        return figures

    monkeypatch.setattr(choice, "measure", measure)
    monkeypatch.setattr(choice, "versions_of", lambda arm: {"mindspore": "2.10.0"})
    return figures


def rows() -> list[list[str]]:
    found = arrangement_rows(ARMS, lambda text: None)
    assert {len(row) for row in found} == {len(COLUMNS)}
    return found


def test_the_faster_one_is_used(figures: dict[str, Figures]) -> None:
    assert rows() == [
        ["mindspore", "none", "", "800.0 ms", "100.0 ms", "", ""],
        ["mindspore", "avx2", f"{VARIABLE}=AVX2", "100.0 ms", "100.0 ms", "yes", "calibrated"],
    ]


def test_none_is_used_where_none_is_faster(figures: dict[str, Figures]) -> None:
    figures["avx2"] = SLOW
    assert rows() == [
        ["mindspore", "none", "", "800.0 ms", "100.0 ms", "yes", "no other is clearly faster here"],
        ["mindspore", "avx2", f"{VARIABLE}=AVX2", "800.0 ms", "100.0 ms", "", ""],
    ]


def test_what_is_stated_is_not_measured(figures: dict[str, Figures], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "AVX")
    assert rows() == [["mindspore", "none", f"{VARIABLE}=AVX", "", "", "yes", "stated"]]


def test_where_it_cannot_matter(figures: dict[str, Figures], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    processor(monkeypatch, tmp_path, flags="avx2")
    assert rows() == [["mindspore", "none", "", "", "", "yes", "the processor has no avx512f and no amx_tile"]]


def test_a_failure_is_shown(figures: dict[str, Figures]) -> None:
    figures.clear()
    assert rows() == [["mindspore", "none", "", "", "", "yes", "the calibration failed: signal at calibrate"]]
