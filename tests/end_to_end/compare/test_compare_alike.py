"""`twinrun compare` of runs that are alike."""

import json
import shutil

import numpy as np
import pytest
from command import finish, start
from recorded import change_json, change_table, verdicts_of
from sealing import seal

from harness.cli import main


def test_two_runs_alike(recorded, tmp_path):
    again = shutil.copytree(recorded, tmp_path / "again")
    code, out, err = finish(start(["compare", recorded, again, "out=report", "--details"], tmp_path))
    assert code == 0, out + err
    assert "AGREES: wide, narrow of A and of B" in out
    assert "all that both recorded is equal bit for bit" in out
    assert "without an interval, and so without a verdict" in out
    found = verdicts_of(tmp_path / "report")
    assert set(found["status"]) == {"agrees"}
    assert {"inputs", "schedule", "trajectory", "evaluation", "convergence"} == set(found["rung"])
    inputs = found[found["rung"] == "inputs"]
    assert list(inputs[inputs["arm_b"] != "reference"]["arm_b"]) == ["B.wide", "B.narrow"]
    assert set(inputs[inputs["arm_b"] == "reference"]["arm_a"]) == {"A.wide", "A.narrow", "B.wide", "B.narrow"}
    assert set(found[found["rung"] == "schedule"]["judgement"]) == {"both right"}
    report = (tmp_path / "report" / "report.md").read_text()
    for title in ("wide: what both recorded", "narrow: time and memory", "verdicts", "Where the tolerances come from"):
        assert f"## {title}" in report
    assert "| B / A" in report


def test_the_report_goes_below_the_current_folder_by_default(a, compare, tmp_path):
    code, out, _ = compare(a, a)
    assert code == 0
    assert "A and B are the same folder: that an arm agrees with itself says nothing of another run" in out
    (folder,) = (tmp_path / "results" / "compare").iterdir()
    assert {path.name for path in folder.iterdir()} == {
        *("claim.json", "comparison.json", "complete.json", "report.md", "verdicts.parquet")
    }


def test_help_has_examples_and_exit_codes(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "--help"])
    out = capsys.readouterr().out
    assert stopped.value.code == 0
    for part in ("twinrun compare RUN_A RUN_B out=DIR", "--arms mindspore:tensorflow", "  1  at least one divergence"):
        assert part in out


def test_arms_of_other_names_are_paired_by_hand(a, b, compare, tmp_path):
    code, out, _ = compare(a, b, "--arms", "narrow:narrow", "--arms", "wide:narrow", "out=report")
    assert code == 0
    found = verdicts_of(tmp_path / "report")
    assert set(found[found["arm_b"] != "reference"]["arm_b"]) == {"B.narrow"}
    assert set(found[found["rung"] == "evaluation"]["arm_a"]) == {"A.wide", "A.narrow", "B.narrow"}
    assert "wide : narrow: what changed" in out
    assert "arm.precision float64 float32" in out
    assert "without a counterpart: B.wide;" in out
    # float32 against float64 is judged by what the reference shows of float32.
    curve = found[(found["arm_a"] == "A.wide") & (found["rung"] == "trajectory")].iloc[0]
    assert curve["judgement"] == "both right"
    assert 0 < curve["error_over_tolerance"] < 1


def test_arms_are_paired_by_what_they_are_where_names_differ(a, b, compare):
    for file in (b / "experiment.json", b / "arms" / "narrow" / "trace.json"):
        file.write_text(file.read_text().replace('"narrow"', '"thin"'))
    (b / "arms" / "narrow").rename(b / "arms" / "thin")
    seal(b)
    code, out, _ = compare(a, b)
    assert code == 0
    assert "narrow : thin" in out


def test_without_the_data_equal_bits_agree_and_nobody_is_right(a, b, compare, tmp_path):
    for run in (a, b):
        spec = json.loads((run / "experiment.json").read_text())
        data = {"kind": "mnist", "root": str(tmp_path / "gone"), "normalisation": "unit"}
        change_json(run / "experiment.json", data={**data, "augmentation": spec["data"].get("augmentation")})
    seal(a, b)
    code, out, _ = compare(a, b, "out=one")
    assert code == 0
    assert "judge: none, so arm against arm: the data cannot be loaded here" in out
    found = verdicts_of(tmp_path / "one")
    assert set(found[found["rung"] == "trajectory"]["judgement"]) == {"undetermined"}
    change_table(b / "arms" / "narrow" / "steps.parquet", lambda t: t.__setitem__("loss", np.nextafter(t["loss"], 9)))
    seal(b)
    code, out, _ = compare(a, b, "out=two")
    assert code == 4
    assert "UNVERIFIED first at trajectory, train_loss: apart from step 0 on" in out
