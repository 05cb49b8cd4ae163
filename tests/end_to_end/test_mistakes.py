"""A user's mistake: one message, all of them at once, the nearest valid name, exit code 2, nothing written."""

import gzip
import json
import os

import numpy as np
import pytest
from command import ROOT, SMALL, finish, start

from harness.cli import main

MISTAKES = {
    "unknown key": (["training.epoch=3"], ["training.epoch", "did you mean training.epochs"]),
    "unknown group": (["optimiser=adam"], ["optimiser", "did you mean optimizer"]),
    "unknown option": (["schedule=cosin"], ["did you mean schedule=cosine"]),
    "negative rate": (["schedule.rate=-0.1"], ["schedule.rate", "-0.1"]),
    "zero decay steps": (["schedule=cosine", "schedule.decay_steps=0"], ["schedule.decay_steps", "given 0"]),
    "unsorted boundaries": (
        ["schedule=piecewise_constant", "schedule.boundaries=[20,10]", "schedule.values=[1,2,3]"],
        ["boundaries must increase", "[20, 10]"],
    ),
    "unequal lengths": (
        ["schedule=piecewise_constant", "schedule.boundaries=[10,20]", "schedule.values=[1,2]"],
        ["one longer", "2 values and 2 boundaries"],
    ),
    "shapes": (
        ["model.layers=[{kind: dense, units: 10, kernel_initializer: zeros}]"],
        ["layer 0 (dense_1)", "put a flatten layer before it"],
    ),
    "output": (
        ["model.layers=[flatten, {kind: dense, units: 7, kernel_initializer: zeros}]"],
        ["output is (7,)", "10 classes"],
    ),
    "missing data": (["data=mnist", "data.root=nowhere"], ["data.root=", "nowhere", "does not exist"]),
    "holdout": (["data=mnist", "data.holdout=1"], ["data.holdout", "given 1", "< 1"]),
    "normalisation": (["data.normalisation=unitt"], ["data.normalisation", "did you mean unit"]),
    "augmentation": (["data.augmentation={shift: 2, rotation: 10}"], ["data.augmentation.rotation", "rotate"]),
    "targets": (
        ["data=sales", "model=linear_2", "loss=softmax_cross_entropy", "training.batch_size=32"],
        ["y_train: target", "y_test: target", "softmax_cross_entropy"],
    ),
    "batch": (["training.batch_size=5000"], ["given 5000", "1 to 4000"]),
    "unknown arm": (["arms=[mindspor]"], ["mindspor", "did you mean mindspore"]),
    "unknown mode": (["arms=[{use: tensorflow, mode: graf}]"], ["graf", "did you mean graph"]),
    "no interpreter": (["arms=[{use: tensorflow, python: /no/such/python}]"], ["/no/such/python"]),
    "unwritable": (["out=/proc/twinrun"], ["out=/proc/twinrun", "not writable"]),
    "code": (["model._target_=os.system"], ["_target_"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told(name, tmp_path, monkeypatch, capsys):
    overrides, expected = MISTAKES[name]
    monkeypatch.chdir(tmp_path)
    code = main(["match", *overrides])
    err = capsys.readouterr().err
    assert code == 2, err
    assert "Traceback" not in err
    for part in expected:
        assert part in err
    assert list(tmp_path.iterdir()) == []


def test_all_mistakes_are_told_at_once(tmp_path):
    given = ["schedule.rate=-1", "training.epoch=3", "optimizer=adm", "data=mnist", "data.root=nowhere", "out=/proc/x"]
    code, _, err = finish(start(["match", *given], tmp_path))
    assert code == 2
    for part in ("schedule.rate", "training.epochs", "optimizer=adam", "nowhere", "/proc/x"):
        assert part in err


def test_a_folder_with_results_is_not_written_into(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old").write_text("an earlier result")
    code, _, err = finish(start(["check", *SMALL, "out=run"], tmp_path))
    assert code == 2
    assert "not empty" in err
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["old"]


def test_a_damaged_file_is_named(tmp_path):
    for name, count in {"train": 60000, "t10k": 10000}.items():
        header = bytes([0, 0, 8, 3]) + count.to_bytes(4, "big") + bytes([0, 0, 0, 28, 0, 0, 0, 28])
        (tmp_path / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + b"too short"))
        labels = bytes([0, 0, 8, 1]) + count.to_bytes(4, "big") + bytes(count)
        (tmp_path / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    code, _, err = finish(start(["match", "data=mnist", f"data.root={tmp_path}", f"out={tmp_path / 'run'}"], tmp_path))
    assert code == 2
    for part in ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        assert part in err  # truncated, truncated, wrong hash: all in one message
    assert not (tmp_path / "run").exists()


@pytest.mark.nightly  # by day tests/unit/data/test_mnist_folder.py
def test_values_that_cannot_be_are_named_by_sample(tmp_path):
    images, labels = np.zeros((60000, 28, 28), np.float32), np.zeros(60000, np.int64)
    images[17, 3, 4], labels[5] = np.nan, 10
    np.savez_compressed(tmp_path / "mnist.npz", x_train=images, y_train=labels)
    code, _, err = finish(start(["match", "data=mnist", f"data.root={tmp_path}", f"out={tmp_path / 'run'}"], tmp_path))
    assert code == 2
    assert "mnist.npz, x_train: nan in sample 17" in err
    assert "mnist.npz, y_train: label 10 of sample 5; expected 0 to 9" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.nightly  # by day tests/unit/composition/test_preflight.py
def test_words_that_an_arm_cannot_make_are_told_before_any_is_started(tmp_path):
    site, work = tmp_path / "site", tmp_path / "work"
    (site / "barren-1.dist-info").mkdir(parents=True)
    work.mkdir()
    (site / "barren-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: barren\nVersion: 1\n")
    (site / "barren-1.dist-info" / "entry_points.txt").write_text("[twinrun.adapters]\nbarren = barren\n")
    info = (
        "from adapters.info import AdapterInfo\nINFO = AdapterInfo('Barren', 'barren', ('bare',), {}, create=print)\n"
    )
    (site / "barren.py").write_text(info)
    arms = "arms=[{name: mine, adapter: barren, mode: bare}, tensorflow]"
    code, _, err = finish(start(["check", arms], work, PYTHONPATH=f"{ROOT}{os.pathsep}{site}"))
    assert code == 2, err
    for word in ("optimizer adam", "schedule constant", "loss softmax_cross_entropy", "layer dense"):
        assert f"arm mine does not support {word}: the barren adapter has no {word}; arms that do: " in err
    assert "arm tensorflow" not in err
    assert list(work.iterdir()) == []


def test_a_recorded_experiment_that_is_none(tmp_path):
    (tmp_path / "experiment.json").write_text(json.dumps({"name": "x", "epochs": 3}))
    code, _, err = finish(start(["match", "from=experiment.json"], tmp_path))
    assert code == 2
    assert "Traceback" not in err
    assert "epochs" in err


def test_the_repository_is_not_written_into():
    assert not (ROOT / "rank_0").exists()
