"""`twinrun match` from command line to folder, with the real frameworks and real digits."""

import json

import pandas as pd
import pytest
from command import ONLY_THE_REFERENCE, SMALL, finish, start

from harness.results.store import VERDICT_COLUMNS
from harness.results.tables import EPOCH_COLUMNS, STEP_COLUMNS

ARMS = ("mindspore", "tensorflow")
# What a training without a clipping, and of which nothing is expected, is judged by.
RUNGS = [
    *("self", "schedule", "applied-lr", "activation", "loss", "initializer", "layer", "optimizer"),
    *("inputs", "model", "step", "trajectory", "evaluation", "convergence"),
]


def test_both_arms_agree(small_run):
    code, out, _ = small_run
    assert code == 0, out
    assert f"AGREES: mindspore and tensorflow on {', '.join(RUNGS)}" in out


def test_prints_what_runs(small_run):
    _, out, folder = small_run
    plan = json.loads((folder / "plan.json").read_text())
    assert f"{plan['parameters']:,} parameters, {plan['multiply_adds']:,} multiply-adds" in out
    assert plan["digest"][:16] in out
    assert str(folder) in out


def test_progress_is_plain_lines_where_there_is_no_terminal(small_run):
    _, out, _ = small_run
    assert "mindspore: epoch 1, step 20/40, loss" in out
    assert "\x1b[" not in out


def test_no_temporary_file_is_left(small_run):
    """TensorFlow keeps there what it generates of each traced function, until an exit that a worker never has."""
    _, _, folder = small_run
    assert list((folder.parent / "temporary").iterdir()) == []
    assert list(folder.rglob(".temporary-*")) == []


def test_folder_holds_what_is_documented_and_nothing_else(small_run):
    _, _, folder = small_run
    files = {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and "rank_0" not in path.parts
    }
    per_arm = {
        f"arms/{arm}/{name}"
        for arm in ARMS
        for name in ("trace.json", "steps.parquet", "epochs.parquet", "weights.npz", "predictions.npz", "worker.log")
    }
    assert files == per_arm | {
        "claim.json",
        "complete.json",
        "experiment.json",
        "plan.json",
        "verdicts.parquet",
        "summary.parquet",
        "report.md",
        "free_runs.parquet",
        "free_runs.json",
        "trajectory.png",
        "confusion.parquet",
        "flips.parquet",
        "flips.npz",
        *(["flips.png"] if len(pd.read_parquet(folder / "flips.parquet")) else []),
    }


@pytest.mark.parametrize("arm", ARMS)
def test_steps_and_epochs_are_complete(small_run, arm):
    _, _, folder = small_run
    steps = pd.read_parquet(folder / "arms" / arm / "steps.parquet")
    epochs = pd.read_parquet(folder / "arms" / arm / "epochs.parquet")
    assert tuple(steps.columns) == STEP_COLUMNS
    assert tuple(epochs.columns) == EPOCH_COLUMNS
    assert list(steps["step"]) == list(range(40))
    assert list(steps["epoch"]) == [0] * 20 + [1] * 20
    assert (steps["learning_rate"] - 0.001).abs().max() < 1e-9
    assert steps["loss"].iloc[-1] < steps["loss"].iloc[0]
    assert list(epochs["samples_scored"]) == [1000, 1000]
    assert epochs["train_loss"].iloc[0] == pytest.approx(steps["loss"][:20].mean(), rel=1e-12)


def test_arms_had_the_same_bytes(small_run):
    _, _, folder = small_run
    traces = [json.loads((folder / "arms" / arm / "trace.json").read_text()) for arm in ARMS]
    plan = json.loads((folder / "plan.json").read_text())
    assert {trace["plan_digest"] for trace in traces} == {plan["digest"]}
    assert len({trace["initial_weights_digest"] for trace in traces}) == 1
    assert all(trace["status"] == "complete" for trace in traces)
    assert traces[0]["realisations"]["optimizer adam"]["kind"] == "native"


def test_tables(small_run):
    _, _, folder = small_run
    verdicts = pd.read_parquet(folder / "verdicts.parquet")
    summary = pd.read_parquet(folder / "summary.parquet")
    assert tuple(verdicts.columns) == VERDICT_COLUMNS
    assert list(dict.fromkeys(verdicts["rung"])) == RUNGS
    judged = verdicts[verdicts["tolerance"].notna()]
    assert (judged["tolerance_source"] != "").all()
    assert list(summary["arm"]) == list(ARMS)
    for column in ("test_accuracy", "compile_time_s", "step_time_s", "samples_per_s", "peak_rss_bytes"):
        assert (summary[column] > 0).all(), column
    report = (folder / "report.md").read_text()
    assert "## Accuracy and time" in report
    assert "| mindspore" in report


@pytest.mark.nightly  # by day tests/end_to_end/test_seeds.py, of the reference
def test_a_recorded_experiment_repeats_bit_for_bit(small_run, tmp_path):
    _, _, folder = small_run
    arguments = ["match", f"from={folder / 'experiment.json'}", "rungs=[schedule]", "out=again"]
    code, out, _ = finish(start(arguments, tmp_path))
    assert code == 0, out
    for arm in ARMS:
        first = pd.read_parquet(folder / "arms" / arm / "steps.parquet")
        again = pd.read_parquet(tmp_path / "again" / "arms" / arm / "steps.parquet")
        pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_results_go_below_the_current_folder_by_default(tmp_path):
    code, out, _ = finish(start(["check", *SMALL, "arms=[reference]", "rungs=[schedule]"], tmp_path))
    assert code == ONLY_THE_REFERENCE, out
    (folder,) = (tmp_path / "results" / "mnist_mlp").iterdir()
    plan = json.loads((folder / "plan.json").read_text())
    assert folder.name.endswith(plan["digest"][:8])


@pytest.mark.nightly  # by day tests/parity/test_float64_trajectory.py
def test_float64_losses_are_equal_to_1e_10(tmp_path):
    longer = ["arm.precision=float64", "training.epochs=5", "training.max_steps=100", "rungs=[model,step]"]
    code, out, _ = finish(start(["match", *SMALL, *longer, "out=run"], tmp_path))
    assert code == 0, out
    losses = [pd.read_parquet(tmp_path / "run" / "arms" / arm / "steps.parquet")["loss"] for arm in ARMS]
    assert len(losses[0]) == len(losses[1]) == 100
    relative = ((losses[0] - losses[1]) / losses[0]).abs().max()
    assert relative < 1e-10
    verdicts = pd.read_parquet(tmp_path / "run" / "verdicts.parquet")
    strict = verdicts[verdicts["subject"] == "train_loss in float64, steps 0 to 99"]
    assert list(strict["status"]) == ["agrees"]
