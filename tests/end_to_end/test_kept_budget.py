"""A check within a budget: what it leaves is said everywhere, recorded, and judged by `compare` for what it is."""

import json
import shutil

import pandas as pd
import pytest
from command import ONLY_THE_REFERENCE, finish, start
from sealing import seal

from harness.cli import main

RUNGS = ("self", "schedule", "loss", "model", "step", "trajectory")
CHECK = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.batch_size=50", "training.max_steps=30", "comparison.free_steps=8", f"rungs=[{','.join(RUNGS)}]"),
    "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]",
    "comparison.record_answers=true",
]
TOO_LITTLE = "comparison.budget_s=0.00001"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("budget")
    code, out, err = finish(start(["check", *CHECK, "out=run"], folder))
    assert code == ONLY_THE_REFERENCE, out + err
    assert "cost" not in out
    assert not (folder / "run" / "cost.json").exists()
    return folder / "run"


@pytest.mark.nightly
def test_a_budget_too_small_for_any_rung(tmp_path):
    code, out, err = finish(start(["check", *CHECK, TOO_LITTLE, "out=run"], tmp_path))
    assert code == 4, out + err
    assert "  cost  about 0." in out
    assert ", more than comparison.budget_s=1e-05; without " in out
    assert "not judged: losses of all 30 steps" in out
    assert "; reduced: without " in out
    verdicts = pd.read_parquet(tmp_path / "run" / "verdicts.parquet")
    silent = verdicts[verdicts["cause"].str.startswith("comparison.budget_s=1e-05 leaves no time for it")]
    assert set(silent["rung"]) == {"self", "model", "step", "trajectory"}
    assert set(silent["status"]) == {"unverified"}
    assert {"schedule", "loss"} <= set(verdicts[verdicts["status"] == "agrees"]["rung"])
    # What does not depend on the plan is told first; what is recorded has the order of the ladder.
    assert out.index("rung schedule") < out.index("rung loss") < out.index("  cost  ") < out.index("rung self")
    assert tuple(dict.fromkeys(verdicts["rung"])) == RUNGS
    cost = json.loads((tmp_path / "run" / "cost.json").read_text())
    assert cost["budget_s"] == 1e-05
    assert set(cost["asked"]["left_out"]) == set(silent["rung"])
    assert set(cost["rates"]["arms"]) == {"wide", "narrow"}
    assert "reduced: without " in (tmp_path / "run" / "report.md").read_text()


@pytest.fixture
def reduced(whole, tmp_path):
    """A copy of the run whose plan of cost says that less was asked."""
    copy = shutil.copytree(whole, tmp_path / "reduced")
    extent = {"free_steps": 8, "self_steps": 8, "forced_steps": 3, "forced_samples": 50, "left_out": []}
    rates = {"reference_float64": 1.0, "reference_float32": 1.0, "arms": {"wide": 1.0}, "compilations": {"wide": 0.0}}
    cost = {"budget_s": 60.0, "rates": rates, "stated": extent, "asked": {**extent, "free_steps": 5, "self_steps": 5}}
    (copy / "cost.json").write_text(json.dumps({"schema_version": 1, **cost, "stated_s": {}, "asked_s": {}}))
    seal(copy)
    return copy


def test_what_both_were_asked_is_judged(whole, reduced, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = main(["compare", str(whole), str(reduced), "out=report", "--details"])
    out = " ".join(capsys.readouterr().out.split())
    assert code == 4
    note = "free steps 8 -> 5, steps of rung self 8 -> 5 by comparison.budget_s=60"
    assert f"B was asked for less: {note}" in out
    verdicts = pd.read_parquet(tmp_path / "report" / "verdicts.parquet")
    others = verdicts[verdicts["status"] == "unverified"]
    assert set(others["rung"]) == {"self", "trajectory"}
    assert set(others["cause"].str.contains(f", which asks what both were asked: {note}", regex=False)) == {True}
    assert {"step", "model"} <= set(verdicts[verdicts["status"] == "agrees"]["rung"])


@pytest.mark.nightly
@pytest.mark.parametrize("content", ["{", "[]", '{"schema_version": 2}', '{"schema_version": 1, "budget_s": "x"}'])
def test_a_damaged_plan_of_cost_is_missed(whole, tmp_path, monkeypatch, capsys, content):
    monkeypatch.chdir(tmp_path)
    copy = shutil.copytree(whole, tmp_path / "damaged")
    (copy / "cost.json").write_text(content)
    seal(copy)
    assert main(["compare", str(whole), str(copy), "out=report"]) == 4
    verdicts = pd.read_parquet(tmp_path / "report" / "verdicts.parquet")
    assert "cost.json" in set(verdicts[verdicts["status"] == "unverified"]["subject"])
