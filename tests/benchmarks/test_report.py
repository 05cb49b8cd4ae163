"""The page of a run: how long `twinrun report` takes, and how large the page is.

Aims: 3 s and 2 MB for a run of the default experiment, 20 s for a study of 200 runs, on 2 cores.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rounds import rounds

from harness.cli import main
from harness.results.marker import MARKER, Marker, complete

ROOT = Path(__file__).parents[2]
RUN = ["arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]"]
RUN += ["model=mlp_relu", "training.epochs=3", "comparison.free_steps=20", "training.gradient_norms=true"]
STUDY_RUNS = 200


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("timed") / "run"
    assert main(["match", *RUN, f"out={folder}"]) == 4  # only the reference
    return folder


@pytest.fixture
def study_folder(run_folder: Path, tmp_path: Path) -> Path:
    """A study of as many copies of the run, each with a seed of its own."""
    folder = tmp_path / "study"
    places = {f"seed{number}": folder / f"seed{number}" for number in range(STUDY_RUNS)}
    for number, place in enumerate(places.values()):
        shutil.copytree(run_folder, place)
        experiment = json.loads((place / "experiment.json").read_text())
        (place / "experiment.json").write_text(json.dumps({**experiment, "seed": number}))
        complete(place, Marker.of("run", 4, "UNVERIFIED: nothing was checked that could have failed"))
    record = {"schema_version": 1, "name": "copies", "runs": list(places), "orderings": []}
    (folder / "study.json").write_text(json.dumps(record))
    shutil.copy(run_folder / "verdicts.parquet", folder)
    complete(folder, Marker.of("study", 4, "UNVERIFIED: made of copies"), places)
    assert (folder / MARKER).exists()
    return folder


def timed(folder: Path, out: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "harness", "report", str(folder), f"out={out}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - start


def test_report_of_a_run(run_folder: Path, tmp_path: Path, record: Any, capsys: pytest.CaptureFixture[str]) -> None:
    times = [timed(run_folder, tmp_path / "report") for _ in range(rounds(5))]
    size = (tmp_path / "report/report.html").stat().st_size
    record(times, bytes=size)
    assert size < 2e6
    with capsys.disabled():
        print(f"\nreport of a run: at best {min(times):.2f} s (aim: under 3 s), {size / 1e6:.2f} MB (aim: under 2 MB)")


def test_report_of_a_study(study_folder: Path, tmp_path: Path, record: Any, capsys: pytest.CaptureFixture[str]) -> None:
    times = [timed(study_folder, tmp_path / "report") for _ in range(rounds(1))]
    page = (tmp_path / "report/report.html").read_text()
    with (tmp_path / "report/tables/by_variant.csv").open() as table:
        seeds = {row["seed"] for row in csv.DictReader(table)}
    assert seeds == {str(number) for number in range(STUDY_RUNS)}
    assert "UNVERIFIED: made of copies" in page
    assert "damaged" not in page
    size = len(page.encode())
    record(times, bytes=size)
    with capsys.disabled():
        print(f"\nreport of {STUDY_RUNS} runs: at best {min(times):.1f} s (aim: under 20 s), {size / 1e6:.2f} MB")
