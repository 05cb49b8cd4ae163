"""A pair of one's own, as a user runs it: the shipped example with its mistake, and repaired; and what may go wrong."""

import numpy as np
import pandas as pd
import psutil
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
    assert list(dict.fromkeys(verdicts["rung"])) == ["self", "model", "step", "trajectory"]


def test_the_report_says_which_parameter_is_which(planted):
    text = (planted[3] / "report.md").read_text()
    assert "fc1.weight" in text
    assert "rows in the order of an image of (3, 3, 16), channels last" in text
    assert not (planted[3] / ".scratch").exists()


@pytest.mark.nightly
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


IMPORTS = "import keras, os, subprocess, sys"
NET = "keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, name='only')])"


def built_by(folder, builders, pair=PAIR):
    """The check of a pair whose builders these are."""
    np.savez(folder / "batches.npz", x=[[0.0] * 3] * 4, y=[[0.0]] * 4)
    (folder / "builders.py").write_text(builders)
    (folder / "pair.yaml").write_text(pair)
    return checked(folder, folder / "pair.yaml")


@pytest.mark.nightly
def test_a_builder_that_raises_is_told_shortly_with_the_log(tmp_path):
    code, out, _, folder = built_by(tmp_path, "def net():\n    raise ValueError('no such luck')\n")
    assert code == 3
    assert "builders.py:net raised ValueError: no such luck" in " ".join(out.split())
    assert str(folder / "arms" / "one" / "worker.log") in out


@pytest.mark.nightly
def test_a_parameter_that_is_not_there_is_told_and_nothing_is_left(tmp_path):
    wrong = PAIR + "parameters: {sequential/only/kernl: sequential/only/kernel}\n"
    code, _, err, folder = built_by(tmp_path, f"{IMPORTS}\n\ndef net():\n    return {NET}\n", wrong)
    assert code == 2
    assert "did you mean sequential/only/kernel?" in err
    assert not folder.exists()


# Of both arms' builders, for there is one file; it tells them apart by the folder of the process.
HOSTILE = {
    "os._exit(0)": "exit at pair_build: ended with exit code 0",
    "sys.exit('enough')": "builders.py:net raised SystemExit: enough",
    "[os.write(int(n), b'hello\\n') for n in os.listdir('/proc/self/fd') if int(n) > 500]": (
        r"protocol at pair_build: 'hello\n' came in place of an event"
    ),
}


@pytest.mark.nightly
@pytest.mark.parametrize("code", HOSTILE, ids=["os._exit", "sys.exit", "stray writes"])
def test_a_builder_that_leaves_its_place_is_that_arms_failure(code, tmp_path):
    builders = f"{IMPORTS}\n\ndef net():\n    os.getcwd().endswith('two') and {code}\n    return {NET}\n"
    code_of_exit, out, _, folder = built_by(tmp_path, builders)
    assert code_of_exit == 3, out
    assert HOSTILE[code] in " ".join(out.split())
    failures = pd.read_parquet(folder / "summary.parquet").set_index("arm")["failure"]
    assert not failures["one"]
    assert failures["two"]


@pytest.mark.nightly
def test_a_builder_may_fork_and_start_what_it_likes(tmp_path):
    """A copy of the process answers nothing; what is left running ends with the command."""
    starting = "subprocess.Popen(['sleep', '1000'])\n    os.fork()"
    code, out, _, _ = built_by(tmp_path, f"{IMPORTS}\n\ndef net():\n    {starting}\n    return {NET}\n")
    assert code == 0, out
    left = [each for each in psutil.process_iter(["cwd"]) if (each.info["cwd"] or "").startswith(str(tmp_path))]
    assert left == []


@pytest.mark.nightly  # by day tests/unit/subjects/pair/test_pair_batches.py
def test_a_function_of_batches_that_ends_its_process_is_named(tmp_path):
    (tmp_path / "source.py").write_text("import os\n\ndef batches():\n    os._exit(0)\n    yield None\n")
    pair = PAIR.replace("batches: batches.npz", "batches: source.py:batches")
    code, out, _, folder = built_by(tmp_path, "def net():\n    return None\n", pair)
    assert code == 3, out
    (sentence,) = (line for line in out.splitlines() if line.startswith("CRASHED"))
    assert "batches: source.py:batches did not yield its batches: its process ended with exit code 0" in sentence
    assert not pd.read_parquet(folder / "summary.parquet")["failure"].any()


ACTIVATIONS = """
import keras, os

def net():
    keras.utils.set_random_seed(0)
    most = float(os.environ["MOST"]) or None
    layers = [keras.layers.Dense(4, name="below"), keras.layers.ReLU(max_value=most, name="rectifier")]
    return keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(1, name="above")])
"""
LATE = """
arms:
- {use: tensorflow_eager, name: one, environment: {MOST: "0"}}
- {use: tensorflow_eager, name: two, environment: {MOST: "6"}}
"""
LARGE_FROM = 3


@pytest.fixture
def late(tmp_path):
    """Two models that differ only where an activation is large, which it is from the step `LARGE_FROM` on."""
    (tmp_path / "builders.py").write_text(ACTIVATIONS)
    x = np.random.default_rng(0).uniform(0.1, 1, (12, 3)).astype(np.float32)
    x[2 * LARGE_FROM :] *= 50
    np.savez(tmp_path / "batches.npz", x=x, y=np.zeros((12, 1), np.float32))
    file = tmp_path / "pair.yaml"
    file.write_text(PAIR.replace("rate: 0.1", "rate: 0.001").partition("arms:")[0] + LATE)
    return file


@pytest.mark.nightly
@pytest.mark.parametrize(("forced", "rung"), [(1, "trajectory"), (5, "step")])
def test_a_divergence_in_a_later_step_is_found_in_its_layer(forced, rung, late, tmp_path):
    code, out, err = finish(start(["check", f"pair={late}", "out=run", "steps=6", f"forced_steps={forced}"], tmp_path))
    assert code == 1, out + err
    verdicts = pd.read_parquet(tmp_path / "run" / "verdicts.parquet")
    first = verdicts[verdicts["status"] == "diverges"].iloc[0]
    place = first[["rung", "step", "phase", "layer", "judgement"]].to_list()
    assert place == [rung, LARGE_FROM, "forward", "rectifier", "undetermined"]
    assert first["worst_index"].startswith(f"step {LARGE_FROM}, layer relu (rectifier / rectifier), output[")
    assert f"diverges first at rung {rung}" in out
    assert verdicts.loc[verdicts["rung"] == "model", "status"].eq("agrees").all()


@pytest.mark.nightly
def test_recorded_checks_of_a_pair_are_compared(late, tmp_path):
    """The same model before and after a change: one arm is equal bit for bit, the other parts company."""
    before = late.with_name("before.yaml")
    before.write_text(late.read_text().replace('MOST: "6"', 'MOST: "0"'))
    runs = {}
    for name, file in (("before", before), ("after", late)):
        code, out, err = finish(start(["check", f"pair={file}", f"out={name}", "steps=6"], tmp_path))
        assert code == (0 if name == "before" else 1), out + err
        runs[name] = tmp_path / name
    assert list(pd.read_parquet(runs["after"] / "arms/two/steps.parquet")) == ["step", "loss", "loss_float64"]

    code, out, err = finish(start(["compare", runs["before"], runs["before"], "out=same", "--details"], tmp_path))
    assert code == 0, out + err
    assert "AGREES: one, two of A and of B" in out
    assert "equal bit for bit" in out

    code, out, err = finish(start(["compare", runs["before"], runs["after"], "out=other", "--details"], tmp_path))
    assert code == 1, out + err
    verdicts = pd.read_parquet(tmp_path / "other" / "verdicts.parquet")
    losses = verdicts[verdicts["subject"].str.startswith("train_loss")].set_index("arm_a")["status"]
    assert losses.to_dict() == {"A.one": "agrees", "A.two": "diverges"}
    assert "judge: what each side computes in float64" in out

    (runs["after"] / "arms/one/weights.npz").unlink()
    code, out, _ = finish(
        start(["compare", runs["before"], runs["after"], "--arms", "one:one", "out=less", "--details"], tmp_path)
    )
    assert code == 4
    assert "weights.npz" in out


@pytest.mark.nightly
def test_checks_of_other_pairs_are_not_compared(late, tmp_path):
    for name, steps in (("short", 2), ("long", 3)):
        finish(start(["check", f"pair={late}", f"out={name}", f"steps={steps}", "forced_steps=1"], tmp_path))
    code, _, err = finish(start(["compare", "short", "long"], tmp_path))
    assert code == 2
    assert "another spec: steps is 2 in A, 3 in B" in err
