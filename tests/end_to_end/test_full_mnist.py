"""The whole command on the whole of MNIST, where its files are at hand (`TWINRUN_MNIST=DIR`)."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from command import ROOT, finish, start


@pytest.fixture(scope="module")
def mnist():
    given = os.environ.get("TWINRUN_MNIST")
    place = Path(given) if given else ROOT.parent / "shared" / "data" / "mnist"
    if not list(place.glob("train-images*")):
        pytest.skip(f"no MNIST files in {place}; TWINRUN_MNIST=DIR names a folder that has them")
    return place


@pytest.mark.nightly
def test_an_epoch_of_60_000_with_all_10_000_scored(mnist, tmp_path):
    layers = "[flatten, {kind: dense, units: 10, kernel_initializer: xavier_uniform}]"
    given = [f"model.layers={layers}", "schedule.rate=0.01", "training.epochs=1", "training.batch_size=128"]
    given += [f"data.root={mnist}", "arms=[tensorflow,reference]", "rungs=[schedule]", "comparison.free_steps=5"]
    code, out, err = finish(start(["match", "data=mnist", *given, "out=run"], tmp_path))
    assert code == 0, out + err
    assert "60,000 to train, 10,000 to test" in out
    summary = pd.read_parquet(tmp_path / "run" / "summary.parquet")
    assert list(summary["samples_scored"]) == [10_000, 10_000]
    assert list(summary["steps"]) == [469, 469]  # 468 of 128, and one of 96
    assert (summary["test_accuracy"] > 0.88).all()
    experiment = json.loads((tmp_path / "run" / "experiment.json").read_text())
    assert experiment["data"]["root"] == str(mnist.absolute())  # so that it repeats from any folder
