"""The folder that `twinrun init` writes: complete, and valid without a change."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from harness.cli import main
from harness.composition import UserMistake, compose
from harness.scenarios.new_folder.writing import write_folder
from harness.subjects.pair.composing import compose_pair

EXPECTED = {
    ".github/workflows/parity.yml",
    "README.md",
    "conf/experiment/mine.yaml",
    "conf/model/mine.yaml",
    "pair/batches.py",
    "pair/mine.yaml",
    "pair/models_mindspore.py",
    "pair/models_tensorflow.py",
    "requirements.txt",
    "tests/test_parity.py",
}


def test_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "new")]) == 0
    files = {str(path.relative_to(tmp_path / "new")) for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert files == EXPECTED
    printed = capsys.readouterr().out
    assert all(name in printed for name in EXPECTED)
    assert "twinrun check pair=pair/mine.yaml" in printed


def test_they_are_valid(tmp_path: Path) -> None:
    for path in write_folder(str(tmp_path)):
        if path.suffix == ".py":
            ast.parse(path.read_text())
        if path.suffix in (".yml", ".yaml"):
            yaml.safe_load(path.read_text())
    experiment = compose(["experiment=mine", "model.parameters.width=4"], [tmp_path / "conf"]).experiment
    assert experiment.model.layers[0].filters == 4  # type: ignore[attr-defined]
    assert compose_pair([f"pair={tmp_path / 'pair' / 'mine.yaml'}"], []).pair.name == "mine"


@pytest.mark.parametrize("make", ["file", "full"])
def test_nothing_is_overwritten(tmp_path: Path, make: str) -> None:
    taken = tmp_path / "taken"
    if make == "full":
        taken.mkdir()
        (taken / "mine").write_text("x")
    else:
        taken.write_text("x")
    with pytest.raises(UserMistake, match="writes into a new folder or an empty one"):
        write_folder(str(taken))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserMistake):
        write_folder(str(tmp_path / "file" / "below"))
