"""`twinrun compare` of studies and of several seeds."""

import shutil

import pandas as pd
from recorded import change_json, change_table, say_so, verdicts_of
from sealing import seal, seal_study


def test_studies_are_compared_variant_by_variant(a, compare, tmp_path):
    for study in ("one", "two"):
        for variant in ("relu", "tanh/seed1", f"only_{study}"):
            shutil.copytree(a, tmp_path / study / variant)
    change_json(tmp_path / "two" / "relu" / "experiment.json", seed=9)
    change_json(tmp_path / "two" / "relu" / "plan.json", seed=9)
    seal(tmp_path / "two" / "relu")
    for study in ("one", "two"):
        seal_study(tmp_path / study, ["relu", "tanh/seed1", f"only_{study}"])
    code, out, _ = compare(tmp_path / "one", tmp_path / "two", "out=report")
    assert code == 4
    found = verdicts_of(tmp_path / "report")
    assert set(found["variant"]) == {"relu", "tanh/seed1"}
    assert set(found[found["variant"] == "tanh/seed1"]["status"]) == {"agrees"}
    (refused,) = found[found["variant"] == "relu"].to_dict("records")
    assert "another spec: seed is 0 in A, 9 in B" in refused["cause"]
    assert "variants of A without a counterpart: only_one" in out
    assert "UNVERIFIED first at relu, inputs" in out
    shutil.rmtree(tmp_path / "two" / "only_two")
    code, out, _ = compare(tmp_path / "two", tmp_path / "one")
    assert code == 4
    assert "only_two/complete.json" in out
    assert "is missing, and was there when the study was complete" in out


def test_a_run_is_not_compared_with_a_study(a, compare, tmp_path):
    shutil.copytree(a, tmp_path / "study" / "relu")
    code, _, err = compare(a, tmp_path / "study")
    assert code == 2
    assert f"is a study, and {a} is one run; give one of its runs: {tmp_path / 'study' / 'relu'}" in err
    (tmp_path / "other" / "tanh").parent.mkdir()
    shutil.copytree(a, tmp_path / "other" / "tanh")
    code, _, err = compare(tmp_path / "study", tmp_path / "other")
    assert code == 2
    assert "the studies share no variant: A has relu; B has tanh" in err


def test_several_seeds_are_judged_together(a, compare, tmp_path):
    for study in ("one", "two"):
        for seed in range(3):
            run = shutil.copytree(a, tmp_path / study / "relu" / f"seed{seed}")
            change_json(run / "experiment.json", seed=seed)
            change_json(run / "plan.json", seed=seed)
            seal(run)
    path = tmp_path / "two" / "relu" / "seed1" / "arms" / "narrow" / "epochs.parquet"
    change_table(path, lambda table: table.__setitem__("test_accuracy", table["test_accuracy"] + 0.004))
    accuracy = float(pd.read_parquet(path)["test_accuracy"].iloc[-1])
    say_so(path, test_accuracy=accuracy)
    seal(path.parents[2])
    for study in ("one", "two"):
        seal_study(tmp_path / study, [f"relu/seed{seed}" for seed in range(3)])
    code, _, _ = compare(tmp_path / "one", tmp_path / "two", "out=report")
    assert code == 4  # beyond the margin at one seed: neither equivalent nor different over three
    found = verdicts_of(tmp_path / "report")
    accuracy = found[found["rung"] == "convergence"]
    assert list(zip(accuracy["variant"], accuracy["arm_b"], accuracy["status"], strict=True)) == [
        ("relu, all seeds", "B.wide", "agrees"),
        ("relu, all seeds", "B.narrow", "unverified"),
    ]
    assert "undecided" in accuracy["cause"].iloc[1]
