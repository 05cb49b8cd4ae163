"""`twinrun compare` of what cannot be compared: every reason at once."""

import json

from recorded import change_json, change_table
from sealing import seal


def test_runs_of_other_experiments_are_refused_with_every_reason(a, b, compare, tmp_path):
    spec = json.loads((b / "experiment.json").read_text())
    schedule = {**spec["schedule"], "rate": 0.5}
    change_json(b / "experiment.json", seed=9, schedule=schedule, training={**spec["training"], "batch_size": 100})
    plan = {"seed": 9, "batch_size": 100, "digest": "0" * 64, "data_digest": "1" * 64}
    change_json(b / "plan.json", **plan)
    seal(b)
    code, _, err = compare(a, b)
    assert code == 2
    for reason in (
        "another spec: seed is 0 in A, 9 in B",
        "another spec: schedule.rate is 0.001 in A, 0.5 in B",
        "another spec: training.batch_size is 50 in A, 100 in B",
        "another plan (weights, batches, noise, augmentation): digest ",
        f"another data: digest {json.loads((a / 'plan.json').read_text())['data_digest'][:16]} in A, {'1' * 16} in B",
    ):
        assert reason in err
    assert not (tmp_path / "results").exists()


def test_other_settings_of_the_comparison_and_of_recording_are_no_reason(a, b, compare):
    spec = json.loads((b / "experiment.json").read_text())
    change_json(
        b / "experiment.json",
        name="renamed",
        comparison={**spec["comparison"], "accuracy_margin": 0.1},
        training={**spec["training"], "gradient_norms": True},
    )
    for arm in ("wide", "narrow"):
        path = b / "arms" / arm / "steps.parquet"
        change_table(path, lambda table: table.__setitem__("gradient_norm/dense_1", 1.0))
    seal(b)
    code, out, _ = compare(a, b)
    assert code == 0
    assert "judged by the comparison settings of A; those of B are others" in out
    assert "; only B.narrow has gradient_norm" in out


def test_mistakes_are_told_at_once(a, compare, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "old").write_text("an earlier result")
    for given, parts in {
        (tmp_path / "aa", tmp_path / "empty", "out=full"): [
            f"aa: there is no such folder; did you mean {a}?",
            "empty: is no run",
            "out=full: the folder is not empty",
        ],
        (a / "experiment.json", a): ["experiment.json: is a file; give the folder of a run"],
        (a,): ["give the folders of two runs", "twinrun compare RUN_A RUN_B"],
        (): ["given: none"],
        (a, a, "--arms", "wide:narow"): ["run B has no arm 'narow'; did you mean narrow?"],
        (a, a, "--arms", "wide"): ["--arms wide: give an arm of each run"],
        (a, a, "out=/proc/x"): ["/proc"],
        (a, a, "--arm", "x:y", "--quick"): ["knows no option --quick"],
    }.items():
        code, out, err = compare(*given)
        assert (code, out) == (2, "")
        for part in parts:
            assert part in err, err
        assert "Traceback" not in err
    assert not (tmp_path / "results").exists()
