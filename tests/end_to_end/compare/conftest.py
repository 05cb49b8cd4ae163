"""Recorded runs of the reference side by side, to be damaged and changed by hand."""

import shutil

import pytest
from command import ONLY_THE_REFERENCE, finish, start

from harness.cli import main

# Small and quick: what is compared is told apart just as well.
TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.batch_size=50", "training.max_steps=30", "comparison.free_steps=5", "rungs=[loss]"),
    "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]",
]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """A run of two arms of the reference, one in each precision."""
    folder = tmp_path_factory.mktemp("recorded")
    code, out, err = finish(start(["match", *TINY, "out=run"], folder))
    assert code == ONLY_THE_REFERENCE, out + err
    return folder / "run"


@pytest.fixture
def a(recorded, tmp_path, monkeypatch):
    """A copy of the run; the current folder is the one that it lies in."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(recorded, tmp_path / "a")


@pytest.fixture
def b(recorded, tmp_path):
    """Another copy of the run."""
    return shutil.copytree(recorded, tmp_path / "b")


@pytest.fixture
def compare(capsys):
    """(exit code, output, errors) of the verb."""

    def run(*arguments):
        code = main(["compare", *map(str, arguments), "--details"])
        out, err = capsys.readouterr()
        return code, " ".join(out.split()), err

    return run
