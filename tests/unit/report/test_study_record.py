"""The page of a study is made of its folder alone, which holds those of its runs."""

from __future__ import annotations

import shutil
from html import unescape
from pathlib import Path

import pytest

from harness.cli import main
from harness.records.verdict import Verdict
from harness.report.pages import kind_of, page_of
from harness.report.study import write_study_report
from harness.report.study_record import StudyRecord
from harness.results.marker import MARKER, Marker, complete
from harness.results.store import Store
from harness.scenarios.study import STUDY

SHORT = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("schedule.rate=0.01", "training.epochs=1", "training.max_steps=12", "comparison.free_steps=2"),
    *("rungs=[schedule]", "seeds=3", "seed=5"),
    "arms=[{use: reference, name: wide}, {use: reference, name: other, spec: {schedule.rate: 0.02}}]",
]
PAGES = ("report.md", "flips.png")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "study"
    assert main(["match", *SHORT, f"out={folder}"]) == 1  # the arms do not train at one rate
    return folder


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "elsewhere")


def test_the_page_says_what_the_study_was_of(made: Path) -> None:
    page = unescape((made / "report.md").read_text())
    assert page.startswith("# mnist_mlp\n\n**DIVERGES: ")
    assert "4,000 to train, 1,000 to test" in page
    assert "1 epochs, 12 steps of" in page
    assert "seeds 5 to 7" in page
    for title in ("By variant", "Over the seeds", "Test images that flip"):
        assert f"## {title}" in page
    assert StudyRecord.of(made).problems == []


def test_the_page_comes_out_the_same(made: Path, copied: Path) -> None:
    left = {name: (made / name).read_bytes() for name in PAGES if (made / name).exists()}
    assert set(left) == set(PAGES)
    for name in PAGES:
        (copied / name).unlink()
    write_study_report(copied)
    assert {name: (copied / name).read_bytes() for name in PAGES if (copied / name).exists()} == left
    assert page_of(copied).encode() == left["report.md"]


@pytest.mark.parametrize("name", [STUDY, "spread.parquet", "seed6/plan.json", "seed7/arms/wide/steps.parquet"])
def test_what_was_damaged_since_stands_in_the_page(copied: Path, name: str) -> None:
    (copied / name).write_text("{")
    page = unescape(page_of(copied))
    assert f"**UNVERIFIED: {name}: " in page
    assert f"- damaged: {name}: " in page
    assert "AGREES" not in page


def test_studies_of_before_these_records_have_a_page(copied: Path) -> None:
    for name in (STUDY, "flips.npz", "flips.png"):
        (copied / name).unlink()
    runs = {run.folder.name: run.folder for run in StudyRecord.of(copied).runs}
    complete(copied, Marker.of("study", 1, "DIVERGES: the rates"), runs)
    page = page_of(copied)
    assert "**DIVERGES: the rates**" in page
    assert "damaged" not in page
    assert "flips at" in page
    assert not (copied / "flips.png").exists()


def test_a_study_without_its_end_says_so(copied: Path) -> None:
    (copied / MARKER).unlink()
    assert "**UNFINISHED: it did not come to its end" in page_of(copied)
    (copied / "seed6" / MARKER).unlink()
    (copied / "seed7" / MARKER).unlink()
    last = Verdict(rung="run", subject="disk", arm_a="", status="interrupted", cause="no room on /x")
    Store(copied / "seed7").write_verdicts([last])
    page = unescape(page_of(copied))
    assert "**UNFINISHED: no room on /x" in page
    assert "DIVERGES: wide" not in page  # nothing is said over the seeds
    assert "AGREES" not in page


def test_the_runs_stand_in_the_order_of_the_study(copied: Path) -> None:
    (copied / STUDY).write_text('{"schema_version": 1, "name": "mine", "runs": ["seed7", "seed5"]}')
    (copied / MARKER).unlink()
    page = page_of(copied)
    assert page.startswith("# mine\n")
    rows = [line.split("|")[2].strip() for line in page.splitlines() if "| complete" in line]
    assert rows == ["7", "7", "5", "5"]


def test_a_study_may_name_no_run_outside_it(copied: Path) -> None:
    (copied / STUDY).write_text('{"schema_version": 1, "name": "x", "runs": ["../made/study/seed5"]}')
    assert [run.folder.name for run in StudyRecord.of(copied).runs] == ["seed5", "seed6", "seed7"]
    assert all(run.folder.parent == copied for run in StudyRecord.of(copied).runs)


def test_what_a_folder_is_of_shows_without_its_marker(copied: Path) -> None:
    assert kind_of(copied) == "study"
    assert kind_of(copied / "seed5") == "run"
    (copied / MARKER).unlink()
    (copied / "seed5" / MARKER).unlink()
    assert kind_of(copied) == "study"
    assert kind_of(copied / "seed5") == "run"
