"""The page of a comparison is made of its folder alone, and so is what is printed of it."""

from __future__ import annotations

import shutil
from html import unescape
from pathlib import Path

import pytest
from made_up_comparisons import write_comparison

from harness.report.comparison import write_comparison_report
from harness.report.pages import page_of
from harness.report.presented import InDetail
from harness.results.marker import MARKER, Marker, complete
from harness.subjects.recorded.facts import COMPARISON


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_comparison(tmp_path / "comparison")


def test_the_page_says_what_was_compared_and_how(folder: Path) -> None:
    page = unescape((folder / "report.md").read_text())
    assert page.startswith("# Two runs compared\n\n**DIVERGES first at slow/seed2, model, logits")
    assert "- A: /runs/a\n- B: /runs/b\n" in page
    for text in ("slow/seed1:", "judge: the reference", "a note on slow/seed2", "- a | bound"):
        assert text in page
    for title in ("one: what changed", "one: what both recorded", "one: time and memory", "verdicts"):
        assert f"## slow/seed1, {title}" in page
        assert f"## slow/seed2, {title}" in page
    first, second = (part.partition("## ")[0] for part in page.split("verdicts\n")[1:])
    assert ("agrees" in first, "diverges" in first) == (True, False)
    assert ("agrees" in second, "diverges" in second) == (False, True)


def test_the_page_comes_out_the_same_wherever_it_is_made(folder: Path, tmp_path: Path) -> None:
    left = (folder / "report.md").read_bytes()
    copied = shutil.copytree(folder, tmp_path / "elsewhere" / "copied")
    (copied / "report.md").unlink()
    write_comparison_report(copied)
    assert (copied / "report.md").read_bytes() == left
    assert page_of(copied).encode() == left


def test_what_is_printed_is_of_the_folder_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    InDetail("details").show_comparison(folder)
    out = capsys.readouterr().out
    assert out.startswith("A: /runs/a\nB: /runs/b\n")
    assert "DIVERGES first at slow/seed2" in out
    assert "slow/seed1, verdicts" in out
    assert out.endswith(f"results: {folder}\n")


@pytest.mark.parametrize("name", [COMPARISON, "verdicts.parquet"])
def test_what_was_damaged_since_stands_in_the_page(folder: Path, name: str) -> None:
    (folder / name).write_text("{")
    page = unescape(page_of(folder))
    assert f"**UNVERIFIED: {name}: is not what it was" in page
    assert f"- damaged: {name}: " in page
    assert "DIVERGES" not in page


def test_a_comparison_without_its_end_is_unfinished(folder: Path) -> None:
    (folder / MARKER).unlink()
    assert "**UNFINISHED: it did not come to its end" in page_of(folder)


def test_comparisons_of_before_this_record_have_their_verdicts(folder: Path) -> None:
    (folder / COMPARISON).unlink()
    complete(folder, Marker.of("comparison", 1, "DIVERGES first at logits"))
    page = page_of(folder)
    assert "**DIVERGES first at logits**" in page
    assert "## verdicts" in page
    assert "damaged" not in page
