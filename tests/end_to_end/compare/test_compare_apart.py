"""`twinrun compare` of runs that differ: the first divergence, its culprit, what changed."""

import json

import numpy as np
from recorded import change_json, change_table, say_so, verdicts_of
from sealing import seal

from harness.plan import digest_arrays
from harness.system.array_files import WEIGHTS, load_arrays, save_arrays


def test_a_planted_divergence_is_named_with_its_culprit(a, b, compare, tmp_path):
    change_table(
        b / "arms" / "narrow" / "steps.parquet",
        lambda table: table.__setitem__("loss", table["loss"].mask(table.index >= 3, 9)),
    )
    seal(b)
    code, out, _ = compare(a, b, "out=report")
    assert code == 1
    assert "DIVERGES first at trajectory, train_loss, steps 0 to 4" in out
    assert "B.narrow is off by" in out
    assert "A.narrow is nearer to the reference" in out
    assert "narrow: equal bit for bit up to step 2; first apart at step 3: loss is" in out
    found = verdicts_of(tmp_path / "report")
    (wrong,) = found[found["status"] == "diverges"].to_dict("records")
    assert (wrong["judgement"], wrong["culprit"]) == ("one wrong", "B.narrow")


def test_two_float64_arms_are_held_to_the_strict_bound(a, b, compare):
    weights = load_arrays(b / "arms" / "wide" / WEIGHTS)
    moved = {name: value * (1 + 1e-8) for name, value in weights.items()}
    save_arrays(b / "arms" / "wide" / WEIGHTS, moved)
    change_json(b / "arms" / "wide" / "trace.json", final_weights_digest=digest_arrays(moved))
    seal(b)
    code, out, _ = compare(a, b)
    assert code == 1
    assert "DIVERGES first at trajectory, final weights" in out
    assert "wide: equal bit for bit: learning_rate, loss, test_loss after an epoch, test_accuracy after an epoch" in out
    assert "; final weights: 7,850 of 7,850 values differ, by up to 1e-08 relative" in out


def test_weights_of_another_shape_are_no_weights_left_out(a, b, compare):
    weights = load_arrays(b / "arms" / "narrow" / WEIGHTS)
    weights["dense_1/bias"] = weights["dense_1/bias"][:5]
    save_arrays(b / "arms" / "narrow" / WEIGHTS, weights)
    change_json(b / "arms" / "narrow" / "trace.json", final_weights_digest=digest_arrays(weights))
    seal(b)
    code, out, _ = compare(a, b)
    assert code == 1
    assert "final weights: only one of the arms has dense_1/bias (10,), dense_1/bias (5,)" in out
    assert "final weights: equal as far as both go (7,850 and 7,845 values)" in out
    assert "dense_1/bias is (5,) of float32, and (10,) of float32 in the model" in out


def test_a_rate_of_the_step_before_is_seen(a, b, compare):
    change_table(
        b / "arms" / "narrow" / "steps.parquet",
        lambda table: table.__setitem__("learning_rate", table["learning_rate"].mask(table.index == 7, 0.002)),
    )
    seal(b)
    code, out, _ = compare(a, b)
    assert code == 1
    assert "DIVERGES first at schedule, constant, as recorded, steps 0 to 29 at step 7: B.narrow is off by" in out


def test_rates_that_are_not_there_do_not_agree(a, b, compare):
    path = b / "arms" / "narrow" / "steps.parquet"
    change_table(path, lambda table: table.__setitem__("learning_rate", np.nan))
    seal(b)
    code, out, _ = compare(a, b)
    assert code == 4
    assert "UNVERIFIED first at schedule, constant: B.narrow has not recorded a rate" in out


def test_another_accuracy(a, b, compare):
    path = b / "arms" / "narrow" / "epochs.parquet"
    change_table(
        path, lambda table: table.__setitem__("test_accuracy", table["test_accuracy"].mask(table.index >= 0, 0.01))
    )
    say_so(path, test_accuracy=0.01)
    seal(b)
    code, out, _ = compare(a, b, "out=report")
    assert code == 1
    assert "DIVERGES first at evaluation" in out
    found = verdicts_of(b.parent / "report")
    wrong = found[found["status"] == "diverges"]
    assert set(wrong["rung"]) == {"evaluation", "convergence"}
    assert list(wrong[wrong["rung"] == "evaluation"]["culprit"]) == ["B.narrow"]


def test_what_changed_and_what_the_runs_said_themselves(a, b, compare):
    trace = json.loads((b / "arms" / "narrow" / "trace.json").read_text())
    environment = {**trace["environment"], "version": "0.1", "flags": {"SLOW": "1"}}
    change_json(b / "arms" / "narrow" / "trace.json", environment=environment)
    change_table(
        b / "verdicts.parquet", lambda t: t.__setitem__("status", t["status"].mask(t["rung"] == "loss", "diverges"))
    )
    say_so(b / "arms" / "narrow" / "steps.parquet", version="0.1")
    seal(b)
    code, out, _ = compare(a, b)
    assert code == 0
    assert "flags.SLOW 1" in out
    assert f"version {trace['environment']['version']} 0.1" in out
    assert "checks of the runs themselves that came out otherwise" in out
    assert "agrees diverges" in out
