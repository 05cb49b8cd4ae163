"""`comparison.record_answers=true`: what arms answered to the rungs is judged again by `compare`, as it was live."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from command import ONLY_THE_REFERENCE, finish, start
from sealing import seal

from harness.cli import main
from harness.system.array_files import load_arrays, save_arrays

RUNGS = ("self", "schedule", "loss", "optimizer", "model", "step", "trajectory")
CHECK = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.batch_size=50", "training.max_steps=30", "comparison.free_steps=5", f"rungs=[{','.join(RUNGS)}]"),
    "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]",
    "comparison.record_answers=true",
]
JUDGED = ["status", "judgement", "tensor", "step", "worst_ulp", "tolerance", "error_over_tolerance"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    code, out, err = finish(start(["check", *CHECK, "out=run"], folder))
    assert code == ONLY_THE_REFERENCE, out + err
    return folder / "run"


@pytest.fixture
def compared(recorded, tmp_path, monkeypatch, capsys):
    """The exit code, the output and the verdicts of a comparison of the run with a copy that `change` has altered."""
    monkeypatch.chdir(tmp_path)

    def compare(change=lambda folder: None, *arguments, sealed=True):
        other = shutil.copytree(recorded, tmp_path / "other")
        change(other / "arms" / "narrow" / "answers")
        if sealed:
            seal(other)
        code = main(["compare", str(recorded), str(other), *arguments, "out=report", "--details"])
        out = " ".join(capsys.readouterr().out.split())
        return code, out, pd.read_parquet(tmp_path / "report" / "verdicts.parquet")

    return compare


def test_two_checks_alike(compared):
    code, out, verdicts = compared()
    assert code == 0
    assert set(verdicts["status"]) == {"agrees"}
    assert set(RUNGS) <= set(verdicts["rung"])
    assert "all that both recorded is equal bit for bit" in out
    assert "answers to rung model" in out


def test_the_verdicts_are_those_that_were_given_live(recorded, compared):
    live = pd.read_parquet(recorded / "verdicts.parquet")
    *_, verdicts = compared(lambda folder: None, "--arms", "wide:narrow")
    # `inputs` is of `compare` alone.
    again = verdicts[verdicts["rung"].isin(RUNGS)]
    pair = live[live["arm_b"] != ""]
    assert len(pair) > len(RUNGS)
    assert list(again["rung"]) == list(live["rung"])
    assert list(again["subject"]) == list(live["subject"])
    pd.testing.assert_frame_equal(again[JUDGED].reset_index(drop=True), live[JUDGED].reset_index(drop=True))


def test_a_changed_answer_diverges_where_it_was_changed(compared):
    def change(answers):
        arrays = load_arrays(answers / "step.npz")
        arrays["gradient 1/dense_1/kernel"] = arrays["gradient 1/dense_1/kernel"] * np.float32(1.001)
        save_arrays(answers / "step.npz", arrays)

    code, out, verdicts = compared(change)
    assert code == 1
    (wrong,) = verdicts[verdicts["status"] == "diverges"].to_dict("records")
    assert (wrong["rung"], wrong["subject"], wrong["step"]) == ("step", "gradient", 1)
    assert (wrong["tensor"], wrong["culprit"]) == ("dense_1/kernel", "B.narrow")
    assert "DIVERGES" in out


@pytest.mark.parametrize("file", ["step.npz", "step.json"])
def test_a_damaged_answer_agrees_with_nothing(compared, file):
    def damage(answers):
        content = bytearray((answers / file).read_bytes())
        content[len(content) // 2] ^= 1
        (answers / file).write_bytes(content)

    code, _, verdicts = compared(damage, sealed=False)
    assert code == 4
    assert f"arms/narrow/answers/{file}" in set(verdicts[verdicts["status"] == "unverified"]["subject"])
    narrow = verdicts[verdicts["arm_b"] == "B.narrow"]
    assert not {"agrees", "known"} & set(narrow[narrow["rung"] == "step"]["status"])


def test_an_answer_that_is_gone_is_missed(compared):
    code, _, verdicts = compared(lambda answers: (answers / "step.json").unlink(), sealed=False)
    assert code == 4
    assert "arms/narrow/answers/step.json" in set(verdicts["subject"])


def test_an_answer_to_another_question_is_not_judged(compared):
    def ask_otherwise(answers):
        record = json.loads((answers / "optimizer.json").read_text())
        (answers / "optimizer.json").write_text(json.dumps({**record, "question": "0" * 64}))

    code, _, verdicts = compared(ask_otherwise)
    assert code == 4
    (unverified,) = verdicts[verdicts["status"] == "unverified"].to_dict("records")
    assert (unverified["rung"], unverified["arm_b"]) == ("optimizer", "B.narrow")
    assert unverified["cause"] == "B.narrow answered another question than this twinrun asks"


def test_answers_are_kept_only_where_they_are_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["check", *CHECK, "comparison.record_answers=false", "rungs=[schedule]", "out=run"])
    assert list((tmp_path / "run").glob("arms/*/answers")) == []
