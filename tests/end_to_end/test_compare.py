"""`twinrun compare`: recorded runs of the reference side by side, damaged and changed by hand."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from command import ONLY_THE_REFERENCE, finish, start
from sealing import seal, seal_study

from harness.cli import main
from harness.plan import digest_arrays
from harness.system.array_files import WEIGHTS, load_arrays, save_arrays

# Small and quick: what is compared is told apart just as well.
TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.batch_size=50", "training.max_steps=30", "comparison.free_steps=5", "rungs=[loss]"),
    "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]",
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A run of two arms of the reference, one in each precision."""
    folder = tmp_path_factory.mktemp("recorded")
    code, out, err = finish(start(["match", *TINY, "out=run"], folder))
    assert code == ONLY_THE_REFERENCE, out + err
    return folder / "run"


@pytest.fixture
def a(recorded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(recorded, tmp_path / "a")


@pytest.fixture
def b(recorded, tmp_path):
    return shutil.copytree(recorded, tmp_path / "b")


@pytest.fixture
def compare(capsys):
    """(exit code, output, errors) of the verb."""

    def run(*arguments):
        code = main(["compare", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, " ".join(out.split()), err

    return run


def verdicts_of(out):
    return pd.read_parquet(out / "verdicts.parquet")


def change_table(path, change):
    table = pd.read_parquet(path)
    change(table)
    table.to_parquet(path)
    if path.name == "steps.parquet":  # a training that had these losses would say so
        epochs = pd.read_parquet(path.with_name("epochs.parquet"))
        parts = [[float(loss) for loss in part] for _, part in table["loss"].groupby(table["epoch"])]
        epochs["train_loss"] = [sum(losses) / len(losses) for losses in parts]
        epochs.to_parquet(path.with_name("epochs.parquet"))
        say_so(path, steps=len(table), train_loss=float(epochs["train_loss"].iloc[-1]))


def say_so(path, **told):
    """What the summary of a training says that left such a record."""
    trace = path.with_name("trace.json")
    change_json(trace, summary={**json.loads(trace.read_text())["summary"], **told})


def change_json(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


# --- What agrees -----------------------------------------------------------------------------------------------------


def test_two_runs_alike(recorded, tmp_path):
    again = shutil.copytree(recorded, tmp_path / "again")
    code, out, err = finish(start(["compare", recorded, again, "out=report"], tmp_path))
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


# --- What does not ---------------------------------------------------------------------------------------------------


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


# --- What is not comparable ------------------------------------------------------------------------------------------


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


# --- What is damaged or cut off --------------------------------------------------------------------------------------


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


# --- What is not complete, and what cannot be ------------------------------------------------------------------------


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


# --- Studies ---------------------------------------------------------------------------------------------------------


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
