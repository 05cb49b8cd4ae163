"""`twinrun verify` of runs and studies: what was edited, cut off or removed is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from harness.cli import main
from harness.records.exit_codes import AGREES, DIVERGES, MISTAKE, UNVERIFIED
from harness.results import marker
from harness.results.marker import MARKER
from harness.results.store import write_frame

TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.epochs=2", "training.max_steps=6", "training.batch_size=500", "rungs=[convergence]", "seeds=2"),
    "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]",
]
Edit = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "study"
    assert main(["match", *TINY, f"out={folder}"]) == UNVERIFIED  # nothing but the reference was there to be checked
    return folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "study")


def sign_again(folder: Path) -> None:
    """Gives the marker the digests that the records have now, as somebody who edits all of a folder would."""
    content = json.loads((folder / MARKER).read_text())
    content["records"] = {place: marker.digest_of(folder / place) for place in marker.records_in(folder)}
    content["runs"] = {place: marker.digest_of(folder / place / MARKER) for place in content["runs"]}
    content[marker.OWN] = marker._own_digest(content)
    (folder / MARKER).write_text(json.dumps(content))


def edit(file: Path, change: Edit) -> None:
    write_frame(file, change(pd.read_parquet(file)))


def verified(folder: Path, expected: int, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["verify", str(folder)]) == expected
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    return printed.out


def with_value(column: str, row: int, value: object) -> Edit:
    def changed(table: pd.DataFrame) -> pd.DataFrame:
        table[column] = table[column].astype(object)
        table.loc[row, column] = value
        return table.infer_objects()

    return changed


def test_what_was_left_as_it_was_follows(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in study.rglob("*")}
    printed = verified(study, AGREES, capsys)
    assert "VERIFIED: " in printed
    for file in ("convergence.parquet", "spread.parquet", "seed0/summary.parquet", "seed1/flips.parquet", "report.md"):
        assert file in printed
    assert {path: path.stat().st_mtime_ns for path in study.rglob("*")} == before


@pytest.mark.parametrize(
    ("file", "column", "value", "said"),
    [
        ("seed0/summary.parquet", "test_accuracy", 0.99, "row 1 (narrow), column test_accuracy: 0.99 is recorded"),
        ("summary.parquet", "step_time_s", 1e-6, "summary.parquet: row 1 (0, narrow), column step_time_s"),
        ("convergence.parquet", "mean", 0.5, "convergence.parquet: row 0 (wide, narrow), column mean: 0.5"),
        ("spread.parquet", "flips", 1, "spread.parquet: row 1"),
        ("seed0/confusion.parquet", "count", 2000, "images by predicted class of wide, and {"),
    ],
)
def test_an_edited_table_is_named_with_its_row_and_column(
    study: Path, capsys: pytest.CaptureFixture[str], file: str, column: str, value: object, said: str
) -> None:
    edit(study / file, with_value(column, 0 if file.startswith("conv") else 1, value))
    sign_again((study / file).parent)
    sign_again(study)
    assert f"differs {file}: " in (printed := verified(study, DIVERGES, capsys))
    assert said in printed


def test_an_edited_verdict_and_an_edited_outcome(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(study / "verdicts.parquet", with_value("status", 0, "diverges"))
    content = json.loads((study / MARKER).read_text())
    content["sentence"] = "AGREES: wide and narrow in 2 runs of mnist_mlp"
    (study / MARKER).write_text(json.dumps(content))
    sign_again(study)
    printed = verified(study, DIVERGES, capsys)
    assert "differs verdicts.parquet: row 0 (convergence" in printed
    assert "differs complete.json: sentence is 'AGREES" in printed


def test_samples_that_were_edited_no_longer_give_the_tables(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = study / "seed0"
    edit(run / "arms/wide/epochs.parquet", lambda table: table.assign(epoch_time_s=table["epoch_time_s"] / 2))
    sign_again(run)
    sign_again(study)
    printed = verified(study, DIVERGES, capsys)
    assert "differs seed0/summary.parquet: row 0 (wide), column step_time_s" in printed
    assert "damaged seed0/arms/wide/trace.json: summary.step_time_s is " in printed


def test_labels_that_make_another_accuracy(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = study / "seed0"
    edit(run / "confusion.parquet", lambda table: table.assign(label=table["prediction"]))
    sign_again(run)
    sign_again(study)
    said = "differs seed0/confusion.parquet: makes an accuracy of 1.0 of wide, and 0."
    assert said in verified(study, DIVERGES, capsys)


def test_an_edited_page(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = study / "seed1/report.md"
    page.write_text(page.read_text().replace("UNVERIFIED", "AGREES"))
    assert "differs seed1/report.md: line 3 is '**AGREES" in verified(study, DIVERGES, capsys)


@pytest.mark.parametrize("file", ["summary.parquet", "verdicts.parquet", "arms/wide/predictions.npz", "report.md"])
@pytest.mark.parametrize("how", ["cut", "removed"])
def test_damaged_and_missing_files_are_named(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, how: str
) -> None:
    run = shutil.copytree(made / "seed0", tmp_path / "run")
    content = (run / file).read_bytes()
    (run / file).unlink()
    if how == "cut":
        (run / file).write_bytes(content[: len(content) // 2])
    printed = verified(run, DIVERGES if file == "report.md" and how == "cut" else UNVERIFIED, capsys)
    assert any(file in line and not line.startswith(file) for line in printed.splitlines())


def test_every_file_damaged_at_once(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in study.rglob("*"):
        if path.is_file():
            path.write_bytes(b"\x00\xff{")
    assert "complete.json: " in verified(study, UNVERIFIED, capsys)


def test_an_unfinished_run_is_not_verified(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = shutil.copytree(made / "seed0", tmp_path / "run")
    (run / MARKER).unlink()
    assert "complete.json: is missing: the run did not come to its end" in verified(run, UNVERIFIED, capsys)


def test_what_is_no_folder_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path)]) == MISTAKE
    assert "twinrun has recorded nothing there" in capsys.readouterr().err
    assert main(["verify", str(tmp_path / "missing")]) == MISTAKE
    assert "there is no such folder" in capsys.readouterr().err
