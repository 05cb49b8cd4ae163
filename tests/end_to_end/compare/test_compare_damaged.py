"""`twinrun compare` of runs with damaged or missing records."""

import shutil

import pytest
from recorded import change_json, change_table, verdicts_of
from sealing import seal

from harness.system.array_files import WEIGHTS

ARM_FILES = ("arms/narrow/steps.parquet", "arms/narrow/trace.json", "arms/narrow/predictions.npz")


@pytest.mark.parametrize("file", [*ARM_FILES, "verdicts.parquet", "experiment.json", "plan.json"])
def test_a_damaged_file_is_named_and_all_else_is_compared(a, b, compare, tmp_path, file):
    whole = (b / file).read_bytes()
    (b / file).write_bytes(whole[: len(whole) // 2])
    code, out, err = compare(a, b, "out=report")
    assert (code, err) == (4, ""), out
    assert f"UNVERIFIED first at records, {file}: cannot be read" in out
    assert "its digest is another" in out
    lost = {ARM_FILES[0]: "learning_rate, loss", ARM_FILES[2]: "predicted labels, margins of the predictions"}
    if file in lost:
        assert f"; only A.narrow has {lost[file]}" in out
    else:
        assert "narrow: all that both recorded is equal bit for bit: learning_rate, loss" in out
    found = verdicts_of(tmp_path / "report")
    mine = found[found["arm_b"] == "B.wide"]
    assert set(mine["status"]) == {"agrees"}  # nothing else is lost
    assert {"inputs", "schedule", "trajectory", "convergence"} == set(mine["rung"])


def test_a_trace_of_a_newer_schema(a, b, compare):
    change_json(b / "arms" / "narrow" / "trace.json", schema_version=2)
    code, out, _ = compare(a, b)
    assert code == 4
    assert "schema_version 2, and this version of twinrun reads up to 1" in out
    assert "pip install --upgrade twinrun" in out


def test_a_run_that_was_cut_off_never_agrees(a, b, compare):
    arm = b / "arms" / "narrow"
    change_table(arm / "steps.parquet", lambda table: table.drop(index=range(20, 30), inplace=True))
    failure = {"symptom": "signal", "stage": "train", "message": "killed by SIGKILL"}
    change_json(arm / "trace.json", finished=False, failure=failure)
    (arm / WEIGHTS).unlink()
    seal(b)
    code, out, _ = compare(a, b)
    assert code == 3
    assert "CRASHED first at records, arms/narrow/trace.json: B.narrow has failed (signal at train: killed" in out
    assert "B.narrow recorded 20 of 30 steps" in out
    assert "loss 20 of 30 and 20 equal" in out


def test_a_run_without_any_trace(a, b, compare):
    shutil.rmtree(b / "arms")
    code, out, _ = compare(a, b)
    assert code == 4
    assert "UNVERIFIED first at records, arms/wide/epochs.parquet: is missing" in out
    assert "arms/wide/trace.json" in out


def test_both_runs_without_an_experiment(a, b, compare):
    for run in (a, b):
        (run / "experiment.json").unlink()
    code, _, err = compare(a, b)
    assert code == 2
    assert "neither run says what it is of: experiment.json: is missing" in err
