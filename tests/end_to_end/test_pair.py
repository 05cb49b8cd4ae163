"""A pair of one's own, as a user runs it: the shipped example with its mistake, and repaired; and what may go wrong."""

import numpy as np
import pandas as pd
import pytest
from command import ROOT, finish, start

EXAMPLE = ROOT / "examples" / "pair"
FAST = ["steps=3", "forced_steps=2"]


def checked(folder, pair, *overrides):
    code, out, err = finish(start(["check", f"pair={pair}", "out=run", *FAST, *overrides], folder))
    assert "Traceback" not in out + err
    return code, out, err, folder / "run"


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return checked(tmp_path_factory.mktemp("planted"), EXAMPLE / "small_cnn.yaml")


def test_the_planted_mistake_is_found_named_and_proven(planted):
    code, out, _, _ = planted
    assert code == 1
    sentence = next(line for line in out.splitlines() if line.startswith("DIVERGES"))
    assert "pair small_cnn diverges first at rung model, layer batch_norm (bn1 / batch_normalization)" in sentence
    assert "kept moving_mean" in sentence
    assert "mindspore keeps 0.9 of the old mean, tensorflow 0.1, one minus the other" in sentence
    assert "proven: with momentum=0.9 in tensorflow's live batch_normalization the two agree" in sentence
    assert "keras.layers.BatchNormalization(momentum=0.9) equals nn.BatchNorm2d(momentum=0.9)" in out


def test_the_code_that_is_run_is_named(planted):
    _, out, _, _ = planted
    for code in ("models_mindspore.py:small_cnn", "models_tensorflow.py:small_cnn", "batches.py:bars"):
        assert f"runs code that small_cnn.yaml names: {code}" in out


def test_nothing_but_the_statistics_diverges(planted):
    verdicts = pd.read_parquet(planted[3] / "verdicts.parquet")
    wrong = verdicts[verdicts["status"] == "diverges"]
    assert set(wrong["tensor"]) == {"kept/bn1/moving_mean", "kept/bn1/moving_variance"}
    assert set(wrong["judgement"]) == {"undetermined"}
    assert list(dict.fromkeys(verdicts["rung"])) == ["model", "step", "trajectory"]


def test_the_report_says_which_parameter_is_which(planted):
    text = (planted[3] / "report.md").read_text()
    assert "fc1.weight" in text
    assert "rows in the order of an image of (3, 3, 16), channels last" in text
    assert not (planted[3] / ".scratch").exists()


def test_the_repaired_pair_agrees(tmp_path):
    code, out, _, folder = checked(tmp_path, EXAMPLE / "small_cnn_repaired.yaml")
    assert code == 0
    assert "AGREES: pair small_cnn_repaired" in out
    verdicts = pd.read_parquet(folder / "verdicts.parquet")
    assert set(verdicts["status"]) <= {"agrees", "known"}
    assert verdicts.loc[verdicts["rung"] != "model", "detects"].notna().all()


PAIR = """
name: wrong
models:
  tensorflow: {builder: "builders.py:net"}
batches: batches.npz
batch_size: 2
loss: mean_squared_error
optimizer: sgd
schedule: {kind: constant, rate: 0.1}
arms: [{use: tensorflow_eager, name: one}, {use: tensorflow_eager, name: two}]
"""


def test_a_builder_that_raises_is_told_shortly_with_the_log(tmp_path):
    np.savez(tmp_path / "batches.npz", x=[[0.0] * 3] * 4, y=[[0.0]] * 4)
    (tmp_path / "builders.py").write_text("def net():\n    raise ValueError('no such luck')\n")
    (tmp_path / "pair.yaml").write_text(PAIR)
    code, out, _, folder = checked(tmp_path, tmp_path / "pair.yaml")
    assert code == 3
    assert "builders.py:net raised ValueError: no such luck" in " ".join(out.split())
    assert str(folder / "arms" / "one" / "worker.log") in out


def test_a_parameter_that_is_not_there_is_told_and_nothing_is_left(tmp_path):
    np.savez(tmp_path / "batches.npz", x=[[0.0] * 3] * 4, y=[[0.0]] * 4)
    net = "keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, name='only')])"
    (tmp_path / "builders.py").write_text(f"import keras\n\ndef net():\n    return {net}\n")
    (tmp_path / "pair.yaml").write_text(PAIR + "parameters: {sequential/only/kernl: sequential/only/kernel}\n")
    code, _, err, folder = checked(tmp_path, tmp_path / "pair.yaml")
    assert code == 2
    assert "did you mean sequential/only/kernel?" in err
    assert not folder.exists()
