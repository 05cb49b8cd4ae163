"""`twinrun compare` of runs that are unfinished, or whose records no run can have."""

import json

import numpy as np
import pandas as pd
import pytest
from recorded import change_json, change_table, say_so, verdicts_of
from sealing import seal


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("gone", "why"),
    [
        (["complete.json"], "is missing: the run did not come to its end (claimed by twinrun match, process"),
        (["complete.json", "claim.json"], "is missing: the run was made before there were markers, and damage to it"),
    ],
    ids=["unfinished", "unmarked"],
)
def test_without_a_marker_nothing_agrees(a, b, compare, gone, why):
    for file in gone:
        (b / file).unlink()
    for runs in ((a, b), (b, a)):
        code, out, _ = compare(*runs)
        assert code == 4
        assert f"UNVERIFIED first at records, complete.json: {why}" in out
    change_table(
        b / "arms" / "narrow" / "steps.parquet",
        lambda table: table.__setitem__("loss", table["loss"].mask(table.index >= 3, 9)),
    )
    code, out, _ = compare(a, b)
    assert code == 1  # what parts in the judged steps is told all the same
    assert "DIVERGES first at trajectory" in out


def test_arms_that_failed_are_not_equal(a, b, compare, tmp_path):
    """Both recorded the same numbers, and both failed in the end."""
    failure = {"symptom": "signal", "stage": "train", "message": "killed by SIGKILL"}
    for run in (a, b):
        change_json(run / "arms" / "narrow" / "trace.json", finished=False, failure=failure)
        seal(run)
    code, out, _ = compare(a, b, "out=report")
    assert code == 3
    assert "A.narrow has failed (signal at train: killed by SIGKILL), and what failed is equal to nothing" in out
    found = verdicts_of(tmp_path / "report")
    assert not set(found[found["arm_b"] == "B.narrow"]["status"]) & {"agrees", "known"}


def test_arms_in_one_anothers_folders(a, b, compare):
    for run in (a, b):
        (run / "arms" / "wide").rename(run / "arms" / "x")
        (run / "arms" / "narrow").rename(run / "arms" / "wide")
        (run / "arms" / "x").rename(run / "arms" / "narrow")
        seal(run)
    code, out, _ = compare(a, b)
    assert code == 4
    assert "is of another arm than that of the experiment: name is 'narrow', and 'wide' in experiment.json" in out


@pytest.mark.nightly
def test_a_training_without_an_epoch(a, b, compare):
    for name in ("steps.parquet", "epochs.parquet"):
        path = b / "arms" / "narrow" / name
        pd.read_parquet(path).iloc[:0].to_parquet(path)
    for runs in ((a, b), (b, a), (b, b)):
        code, out, err = compare(*runs)
        assert (code, err) == (4, "")
    nothing = dict.fromkeys(("train_loss", "test_loss", "test_accuracy", "samples_scored", "step_time_s"))
    nothing |= dict.fromkeys(("samples_per_s", "train_time_s", "peak_rss_bytes"))
    say_so(b / "arms" / "narrow" / "trace.json", steps=0, epochs=0, **nothing)
    seal(b)
    code, out, err = compare(b, b)
    assert (code, err) == (4, "")
    assert "arms/narrow/steps.parquet: has 0 steps, and 30 were planned" in out


def test_what_is_not_finite_after_the_judged_steps_is_not_judged(a, b, compare):
    """Bit for bit the same in both, and nothing says whether a right training comes to it."""
    for run in (a, b):
        path = run / "arms" / "narrow" / "steps.parquet"
        change_table(path, lambda table: table.__setitem__("loss", table["loss"].mask(table.index >= 20, np.nan)))
        say_so(path, train_loss=None)
        seal(run)
    code, out, _ = compare(a, b)
    assert code == 4
    assert "arms/narrow/steps.parquet: row 20: loss is nan, and no judged step explains it; so are 9 more rows" in out


def test_both_sides_of_a_damaged_experiment(a, b, compare, tmp_path):
    """What is judged by a damaged record is judged by nothing."""
    for run in (a, b):
        spec = json.loads((run / "experiment.json").read_text())
        change_json(run / "experiment.json", comparison={**spec["comparison"], "accuracy_margin": 0.9})
    code, out, _ = compare(a, b, "out=report")
    assert code == 4
    assert "judge: none, so arm against arm: experiment.json of both is damaged" in out
    assert not set(verdicts_of(tmp_path / "report")["status"]) & {"agrees", "known"}
