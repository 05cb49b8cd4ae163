"""The marker of a complete run: what it covers, and every change that it tells of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harness.results.claim import claim
from harness.results.marker import MARKER, Marker, complete, damages, records_in, state_of
from harness.results.store import write_text
from harness.system.array_files import save_arrays

RECORDS = ["arms/one/trace.json", "arms/one/weights.npz", "claim.json", "verdicts.parquet"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A complete run of few files, with a page and a log beside its records."""
    folder = tmp_path / "run"
    claim(folder, "match")
    (folder / "arms" / "one").mkdir(parents=True)
    write_text(folder / "arms/one/trace.json", "{}")
    save_arrays(folder / "arms/one/weights.npz", {"w": np.ones(3)})
    (folder / "verdicts.parquet").write_bytes(b"PAR1")
    (folder / "arms/one/worker.log").write_text("log")
    complete(folder, Marker.of("run", 0, "AGREES: one on model", "judged: everything"))
    write_text(folder / "report.md", "page")
    (folder / "trajectory.parquet").write_bytes(b"behind a picture")
    return folder


def test_a_complete_run_is_as_it_was_left(folder: Path) -> None:
    assert state_of(folder) == "complete"
    assert list(damages(folder)) == []
    assert records_in(folder) == RECORDS
    content = json.loads((folder / MARKER).read_text())
    assert (content["kind"], content["status"], content["exit_code"]) == ("run", "AGREES", 0)
    assert list(content["records"]) == RECORDS


def test_pages_and_logs_stand_outside(folder: Path) -> None:
    for page in ("report.md", "trajectory.parquet", "arms/one/worker.log"):
        (folder / page).write_text("made again")
    (folder / "flips.png").write_bytes(b"picture")
    assert list(damages(folder)) == []


@pytest.mark.parametrize("place", RECORDS)
def test_a_record_that_changed_or_went_is_named(folder: Path, place: str) -> None:
    content = (folder / place).read_bytes()
    for position in range(0, len(content), max(1, len(content) // 20)):
        (folder / place).write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        assert [where for where, _ in damages(folder)] == [place]
    (folder / place).write_bytes(content[:-1])
    assert [where for where, _ in damages(folder)] == [place]
    (folder / place).unlink()
    ((where, what),) = damages(folder)
    assert (where, what) == (place, "is missing, and was there when the run was complete")


def test_a_record_that_was_added_is_named(folder: Path) -> None:
    save_arrays(folder / "arms/one/predictions.npz", {"label": np.ones(3)})
    assert list(damages(folder)) == [("arms/one/predictions.npz", "was not there when the run was complete")]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"schema_version": 1, "records": 3, "runs": {}}'])
def test_a_marker_that_cannot_be_read(folder: Path, content: str) -> None:
    (folder / MARKER).write_text(content)
    ((where, what),) = damages(folder)
    assert where == MARKER
    assert "cannot be read" in what


def test_a_marker_that_was_edited_is_noticed(folder: Path) -> None:
    content = json.loads((folder / MARKER).read_text())
    for key in ("twinrun", "ended", "status", "sentence", "judged", "digest"):
        (folder / MARKER).write_text(json.dumps({**content, key: "AGREES: all of it"}))
        assert list(damages(folder)) == [(MARKER, "is not as it was written: its own digest is another")], key
    (folder / MARKER).write_text(json.dumps({**content, "exit_code": 1}))
    assert [where for where, _ in damages(folder)] == [MARKER]


def test_a_marker_of_before_its_own_digest_is_read(folder: Path) -> None:
    content = json.loads((folder / MARKER).read_text())
    del content["digest"]
    (folder / MARKER).write_text(json.dumps(content))
    assert list(damages(folder)) == []


def test_a_marker_of_a_newer_version(folder: Path) -> None:
    content = json.loads((folder / MARKER).read_text())
    (folder / MARKER).write_text(json.dumps({**content, "schema_version": 2}))
    assert list(damages(folder)) == [(MARKER, "has schema_version 2, and this version of twinrun reads 1")]


def test_a_study_vouches_for_its_runs(folder: Path, tmp_path: Path) -> None:
    study = tmp_path
    claim(study, "match")
    complete(study, Marker.of("study", 0, "AGREES: one"), {"run": folder})
    assert list(damages(study)) == []
    complete(folder, Marker.of("run", 1, "DIVERGES: another run"))
    ((where, _),) = damages(study)
    assert where == f"run/{MARKER}"


def test_states(folder: Path, tmp_path: Path) -> None:
    (folder / MARKER).unlink()
    assert state_of(folder) == "unfinished"
    (folder / "claim.json").unlink()
    assert state_of(folder) == "unmarked"
