"""A run's page is made of its folder alone: the same whoever made the run, and whenever it is made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from harness.cli import main
from harness.report.markdown import report, write_report
from harness.report.run_record import RunRecord
from harness.results.marker import MARKER, Marker, complete

TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.epochs=2", "training.max_steps=6", "training.batch_size=500", "comparison.free_steps=3"),
    *("comparison.forced_steps=1", "rungs=[schedule,loss,trajectory]"),
    "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]",
]
PAGES = ("report.md", "trajectory.png", "flips.png")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "run"
    assert main(["match", *TINY, f"out={folder}"]) == 4  # nothing but the reference was there to be checked
    return folder


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "run")


def without_pages(folder: Path) -> Path:
    for name in PAGES:
        (folder / name).unlink(missing_ok=True)
    return folder


def test_the_page_comes_out_the_same(made: Path, copied: Path) -> None:
    left = {name: (made / name).read_bytes() for name in PAGES if (made / name).exists()}
    assert {"report.md", "trajectory.png"} <= set(left)
    write_report(without_pages(copied))
    assert {name: (copied / name).read_bytes() for name in PAGES if (copied / name).exists()} == left


def test_the_page_says_what_the_run_was_of(made: Path) -> None:
    page = (made / "report.md").read_text()
    assert "4,000 to train, 1,000 to test" in page
    assert "6 steps of 500" in page
    assert "judged: learning rates of all 6 steps, losses of steps 0 to 2 of 6" in page
    assert "## Free runs in the chaos envelope" in page


def test_a_run_without_its_end_says_why(copied: Path) -> None:
    (without_pages(copied) / MARKER).unlink()
    assert RunRecord.of(copied).sentence.startswith("UNFINISHED: it did not come to its end")
    verdicts = pd.read_parquet(copied / "verdicts.parquet")
    last = {**verdicts.iloc[-1].to_dict(), "rung": "run", "subject": "disk", "cause": "no room on /x", "arm_a": ""}
    pd.concat([verdicts, pd.DataFrame([last | {"status": "interrupted"}])]).to_parquet(copied / "verdicts.parquet")
    page = report(RunRecord.of(copied))
    assert "**UNFINISHED: no room on /x" in page
    assert "AGREES" not in page
    assert "chaos envelope (tolerance)" not in page
    assert not (copied / "trajectory.png").exists()


def test_damage_of_a_complete_run_stands_in_its_page(copied: Path) -> None:
    (copied / "plan.json").write_text("{")
    page = report(RunRecord.of(copied))
    assert "**UNVERIFIED: plan.json: cannot be read" in page
    assert "damaged: plan.json: cannot be read" in page
    assert "AGREES" not in page
    assert page.startswith("# mnist_mlp")


@pytest.mark.parametrize("name", ["steps.parquet", "epochs.parquet", "trace.json"])
def test_damage_of_an_arm_stands_in_the_page(copied: Path, name: str) -> None:
    (copied / "arms" / "wide" / name).write_text("{")
    page = report(RunRecord.of(copied))
    assert f"**UNVERIFIED: arms/wide/{name}: cannot be read" in page
    assert "AGREES" not in page


def test_runs_of_before_these_records_have_a_page(copied: Path) -> None:
    plan = json.loads((copied / "plan.json").read_text())
    (copied / "plan.json").write_text(json.dumps({k: v for k, v in plan.items() if k not in ("samples", "seeds")}))
    for name in ("free_runs.parquet", "free_runs.json", "flips.npz"):
        (copied / name).unlink(missing_ok=True)
    complete(copied, Marker(kind="run", status="AGREES", exit_code=0, sentence="AGREES: all"))
    page = report(RunRecord.of(without_pages(copied)))
    assert "**AGREES: all**" in page
    assert "damaged" not in page
    assert not any((copied / name).exists() for name in PAGES)
