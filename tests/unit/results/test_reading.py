"""A run's folder is read back as it was written; what is damaged is named, and nothing else is lost."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_traces import arm, epoch, failure, laid_out, trace, verdict

from harness.plan import digest_arrays, draw_plan
from harness.records.trace import Trace
from harness.results.claim import CLAIM, claim
from harness.results.marker import MARKER, Marker, complete, damages
from harness.results.reading import is_run, read_run, runs_below
from harness.results.store import Store
from harness.spec import Experiment
from harness.system.array_files import PREDICTIONS, WEIGHTS, save_arrays

Build = Callable[..., Experiment]
FINAL = {"dense_1/kernel": np.array([[1.0, -0.0]], np.float32), "dense_1/bias": np.array([3.0, 4.0], np.float32)}
SAID = {"label": np.array([3, 1], np.int32), "margin": np.array([0.5, math.nan])}
FILES = ("trace.json", "steps.parquet", "epochs.parquet", WEIGHTS, PREDICTIONS)
NORMS = {"gradient_norms": {"dense_1": (3.0, 4.0)}, "clipped_norms": {"dense_1": (1.0, 1.0)}}
NORMS |= {"digests": {"weight_norm/dense_1/kernel": (5.0, 6.0), "gradient_projection/dense_1/bias": (-1.0, 0.25)}}


@pytest.fixture
def whole() -> Trace:
    return Trace(
        arm=arm("one"),
        finished=True,
        environment={"framework": "numpy", "versions": {"numpy": "1"}, "threads": None},
        realisations={"optimizer adam": {"kind": "native", "by": "numpy", "reason": ""}},
        plan_digest="a",
        initial_weights_digest="b",
        final_weights_digest=digest_arrays(FINAL),
        import_time_s=1.5,
        compile_time_s=0.25,
        baseline_rss_bytes=7,
        learning_rates=(0.1, 0.2, 0.3, 1 / 3),
        epochs=tuple(epoch(k, (1 / 3, 1e-300), 0.1 * k).model_copy(update=NORMS) for k in range(2)),
    )


@pytest.fixture
def store(experiment_of: Build, tmp_path: Path, whole: Trace) -> Store:
    """A run of the arms `one`, with all it can leave, and `other`, cut off by a failure."""
    experiment = experiment_of()
    store = laid_out(tmp_path / "run", experiment)
    store.write_trace(whole)
    store.write_trace(trace("other", "crashed"))
    save_arrays(store.arm_folder("one") / WEIGHTS, FINAL)
    save_arrays(store.arm_folder("one") / PREDICTIONS, SAID)
    store.write_verdicts([verdict()])
    return sealed(store)


def sealed(store: Store) -> Store:
    """The store, complete as it is now."""
    if not (store.folder / CLAIM).exists():
        claim(store.folder, "match")
    complete(store.folder, Marker(kind="run", status="AGREES", exit_code=0, sentence="AGREES"))
    return store


def test_arrays_that_are_not_kept_are_still_checked_and_named(store: Store) -> None:
    run = read_run(store.folder, keeps_arrays=False)
    one, other = run.arms["one"], run.arms["other"]
    assert (one.weights, one.predictions, one.left) == ({}, {}, ("weights", "predictions"))
    assert other.left == ()
    assert one.left == read_run(store.folder).arms["one"].left
    save_arrays(store.arm_folder("one") / WEIGHTS, {**FINAL, "dense_1/bias": np.zeros(2, np.float32)})
    run = read_run(sealed(store).folder, keeps_arrays=False)
    (failure_of_weights,) = run.all_failures
    assert "is not what the training ended with" in failure_of_weights.message
    assert run.arms["one"].left == ("predictions",)


def test_what_was_written_is_read(store: Store, whole: Trace, experiment_of: Build) -> None:
    run = read_run(store.folder)
    assert run.failures == ()
    assert run.experiment == experiment_of()
    assert run.plan["digest"] == draw_plan(experiment_of(), 40).digest
    assert list(run.verdicts["status"]) == ["agrees"]
    one, other = run.arms["one"], run.arms["other"]
    assert one.failures == other.failures == ()
    assert one.trace == whole
    # An arm that was cut off said less of its rates, and nothing else differs.
    assert other.trace == trace("other", "crashed").model_copy(update={"learning_rates": ()})
    assert digest_arrays(one.weights) == digest_arrays(FINAL)
    np.testing.assert_array_equal(one.predictions["label"], SAID["label"])
    assert set(one.columns) == {*whole.norms, *whole.digests}
    for name, values in {**whole.norms, **whole.digests}.items():
        assert one.columns[name].tolist() == values
    assert (other.weights, other.predictions, other.columns) == ({}, {}, {})


def test_values_without_an_accuracy_and_what_is_not_finite(store: Store) -> None:
    odd = epoch(0, (math.nan, math.inf, -math.inf)).model_copy(update={"test_accuracy": None, "test_loss": math.nan})
    store.write_trace(
        Trace(arm=arm("other"), failure=failure("crashed"), learning_rates=(1.0, 2.0, 3.0), epochs=(odd,))
    )
    read = read_run(sealed(store).folder).arms["other"]
    assert read.failures == ()
    assert repr(read.trace.epochs) == repr((odd,))
    assert read.trace.learning_rates == (1.0, 2.0, 3.0)


def test_an_arm_that_never_began(store: Store) -> None:
    store.write_trace(Trace(arm=arm("other"), failure=failure("unverified")))
    read = read_run(sealed(store).folder).arms["other"]
    assert (read.trace.status, read.trace.epochs, read.failures) == ("unverified", (), ())


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut in half": lambda raw: raw[: len(raw) // 2],
    "empty": lambda raw: b"",
    "other bytes": lambda raw: b"\xff\x00no such thing" * 9,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_file_is_named_and_the_others_are_read(store: Store, whole: Trace, file: str, damage: str) -> None:
    path = store.arm_folder("one") / file
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    run = read_run(store.folder)
    one = run.arms["one"]
    assert [failure.file for failure in one.failures] == [f"arms/one/{file}"]
    assert "cut off or damaged" in one.failures[0].message
    assert run.arms["other"].failures == ()
    assert (one.trace.losses == whole.losses) == (file != "steps.parquet")
    assert ([e.test_accuracy for e in one.trace.epochs] == [0.0, 0.1]) == (file != "epochs.parquet")
    assert (one.trace.environment == whole.environment) == (file != "trace.json")
    assert bool(one.weights) == (file != WEIGHTS)
    assert bool(one.predictions) == (file != PREDICTIONS)


@pytest.mark.parametrize("file", ["trace.json", "steps.parquet", "epochs.parquet", WEIGHTS])
def test_a_missing_file_is_named(store: Store, file: str) -> None:
    (store.arm_folder("one") / file).unlink()
    (found,) = read_run(store.folder).arms["one"].failures
    assert found.file == f"arms/one/{file}"
    assert "is missing" in found.message


@pytest.mark.parametrize("file", ["experiment.json", "plan.json", "verdicts.parquet"])
def test_a_damaged_file_of_the_run(store: Store, whole: Trace, file: str) -> None:
    (store.folder / file).write_text('{"name": 3}' if file == "experiment.json" else "[]")
    run = read_run(store.folder)
    assert [failure.file for failure in run.failures] == [file]
    assert run.arms["one"].trace == whole
    assert (run.experiment is None) == (file == "experiment.json")


def test_a_trace_of_a_newer_schema_is_named(store: Store) -> None:
    path = store.arm_folder("one") / "trace.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 2, "unheard_of": 1}))
    (found,) = read_run(store.folder).arms["one"].failures
    assert "schema_version 2" in found.message
    assert "newer twinrun" in found.message


def test_an_older_or_senseless_trace_is_none(store: Store) -> None:
    path = store.arm_folder("one") / "trace.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": "one", "finished": "perhaps"}))
    (found,) = read_run(store.folder).arms["one"].failures
    assert "is no trace: schema_version: Input should be 1; finished: Input should be a valid boolean" in found.message
    assert found.message.endswith("is not what it was when the run was complete: its digest is another")


def test_an_environment_that_is_none(store: Store) -> None:
    path = store.arm_folder("one") / "trace.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "environment": {"versions": 3}}))
    (found,) = read_run(store.folder).arms["one"].failures
    assert "is no trace: environment.versions is 3" in found.message


def test_stale_weights_are_not_compared(store: Store) -> None:
    save_arrays(store.arm_folder("one") / WEIGHTS, {**FINAL, "dense_1/bias": np.array([3.0, 4.5], np.float32)})
    one = read_run(store.folder).arms["one"]
    assert one.weights == {}
    assert "its digest is another" in one.failures[0].message


@pytest.mark.parametrize("file", ["steps.parquet", "epochs.parquet"])
def test_a_table_with_other_rows_than_were_recorded(store: Store, file: str) -> None:
    path = store.arm_folder("one") / file
    table = pd.read_parquet(path)
    table.iloc[:-1].to_parquet(path)
    (found,) = read_run(store.folder).arms["one"].failures
    assert f"has {len(table) - 1} rows, and {len(table)} were recorded" in found.message


@pytest.mark.parametrize(("file", "column"), [("steps.parquet", "loss"), ("epochs.parquet", "test_loss")])
def test_a_table_of_another_run_is_named(store: Store, file: str, column: str) -> None:
    path = store.arm_folder("one") / file
    table = pd.read_parquet(path)
    table[column] = np.nextafter(table[column], 9)
    table.to_parquet(path)
    (found,) = read_run(store.folder).arms["one"].failures
    assert found.file == f"arms/one/{file}"
    assert "is of another run" in found.message


def test_a_table_without_a_column(store: Store) -> None:
    path = store.arm_folder("one") / "steps.parquet"
    pd.read_parquet(path).drop(columns="loss").to_parquet(path)
    (found,) = read_run(store.folder).arms["one"].failures
    assert found.message.startswith("has no column loss; ")


@pytest.mark.parametrize(
    ("file", "column", "value", "told"),
    [
        ("steps.parquet", "loss", "x", "column loss does not hold numbers"),
        ("steps.parquet", "learning_rate", [1, 2], "column learning_rate does not hold numbers"),
        ("steps.parquet", "digest/weight_norm/dense_1/kernel", "x", "does not hold numbers"),
        ("steps.parquet", "step", 0, "column step does not count from 0 to 3"),
        ("steps.parquet", "epoch", math.nan, "column epoch does not hold whole numbers"),
        ("steps.parquet", "loss", True, "column loss does not hold numbers"),
        ("steps.parquet", "loss", "0.5", "column loss does not hold numbers"),
        ("epochs.parquet", "epoch", 1, "column epoch does not count from 0 to 1"),
        ("epochs.parquet", "samples", math.inf, "column samples does not hold whole numbers"),
        ("epochs.parquet", "test_accuracy", "high", "column test_accuracy does not hold numbers"),
    ],
)
def test_a_table_of_anything_else_than_numbers(store: Store, file: str, column: str, value: Any, told: str) -> None:
    path = store.arm_folder("one") / file
    table = pd.read_parquet(path)
    table[column] = [value] * len(table)
    table.to_parquet(path)
    (found,) = read_run(store.folder).arms["one"].failures
    assert (found.file, told in found.message) == (f"arms/one/{file}", True), found


def test_arrays_of_anything_else_than_numbers(store: Store) -> None:
    save_arrays(store.arm_folder("one") / PREDICTIONS, {"label": np.array(["three"])})
    one = read_run(store.folder).arms["one"]
    assert str(*one.failures).startswith(f"arms/one/{PREDICTIONS}: label does not hold numbers")


def test_any_changed_byte_is_named(store: Store) -> None:
    rng = random.Random(5)
    files = [store.arm_folder("one") / name for name in FILES]
    for _ in range(60):
        path = rng.choice(files)
        before = path.read_bytes()
        changed = bytearray(before)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        one = read_run(store.folder).arms["one"]
        assert f"arms/one/{path.name}" in {failure.file for failure in one.failures}
        path.write_bytes(before)


# --- The state of a folder -------------------------------------------------------------------------------------------


def test_a_run_that_did_not_come_to_its_end(store: Store) -> None:
    (store.folder / MARKER).unlink()
    run = read_run(store.folder)
    (problem,) = run.failures
    assert (run.state, problem.file) == ("unfinished", MARKER)
    assert "did not come to its end (claimed by twinrun match, process " in problem.message


def test_a_run_of_before_there_were_markers(store: Store) -> None:
    (store.folder / MARKER).unlink()
    (store.folder / CLAIM).unlink()
    run = read_run(store.folder)
    (problem,) = run.failures
    assert (run.state, problem.file) == ("unmarked", MARKER)
    assert "made before there were markers" in problem.message


def test_a_table_of_other_epochs(store: Store) -> None:
    path = store.arm_folder("one") / "steps.parquet"
    for epochs, told in (([7] * 4, "is of other epochs than epochs.parquet"), ([0, 1, 0, 1], "column epoch falls")):
        table = pd.read_parquet(path)
        table["epoch"] = epochs
        table.to_parquet(path)
        (problem,) = read_run(sealed(store).folder).arms["one"].failures
        assert told in problem.message


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


NO_RECORD: dict[str, Callable[[Path], Any]] = {
    "is no regular file": os.mkfifo,
    "is missing": lambda path: None,
    "has 1,099,511,627,776 bytes; a record of its kind has at most": sparse,
    "is nested deeper than 32 levels": lambda path: path.write_text('{"a": ' + "[" * 60 + "]" * 60 + "}"),
    "cannot be read (RecursionError": lambda path: path.write_text("[" * 100_000),
}


@pytest.mark.parametrize("told", NO_RECORD)
def test_what_is_no_record_is_neither_waited_for_nor_taken_in(store: Store, told: str) -> None:
    path = store.arm_folder("one") / "trace.json"
    path.unlink()
    NO_RECORD[told](path)
    (problem,) = read_run(store.folder).arms["one"].failures
    assert problem.file == "arms/one/trace.json"
    assert told in problem.message


def test_compressed_arrays_are_not_unpacked(store: Store) -> None:
    path = store.arm_folder("one") / PREDICTIONS
    np.savez_compressed(path, label=np.zeros(1 << 20, np.int32))
    (problem,) = read_run(sealed(store).folder).arms["one"].failures
    assert problem.message == "is compressed, which twinrun does not write"


def test_what_is_written_of_a_damaged_marker_is_named(store: Store) -> None:
    content = json.loads((store.folder / MARKER).read_text())
    for changed, told in (
        ({"schema_version": 9}, "has schema_version 9"),
        ({"kind": "walk"}, "is not as twinrun writes it (kind)"),
        ({"exit_code": "0"}, "is not as twinrun writes it (exit_code)"),
        ({"records": []}, "cannot be read"),
    ):
        (store.folder / MARKER).write_text(json.dumps({**content, **changed}))
        problem = read_run(store.folder).failures[0]
        assert (problem.file, told in problem.message) == (MARKER, True), problem


def test_the_runs_of_a_study(store: Store, tmp_path: Path) -> None:
    study = tmp_path / "study"
    for name in ("kept", "changed", "gone"):
        shutil.copytree(store.folder, study / name)
    claim(study, "match")
    marker = Marker(kind="study", status="AGREES", exit_code=0, sentence="AGREES")
    complete(study, marker, {name: study / name for name in ("kept", "changed", "gone")})
    assert list(damages(study)) == []
    shutil.copytree(store.folder, study / "added")
    shutil.rmtree(study / "gone")
    with (study / "changed" / MARKER).open("a") as file:
        file.write(" ")
    assert {place: why.partition(",")[0] for place, why in damages(study)} == {
        "changed/complete.json": "is not what it was when the study was complete: its digest is another",
        "gone/complete.json": "is missing",
        "added/complete.json": "was not there when the study was complete",
    }


def test_folders_of_runs_and_studies(store: Store, tmp_path: Path) -> None:
    assert is_run(store.folder)
    assert not is_run(tmp_path)
    assert runs_below(tmp_path) == {"run": store.folder}
    # What the workers of a study say is in its own folder, and what they are given below that of a run.
    (tmp_path / "arms" / "one").mkdir(parents=True)
    (tmp_path / "arms" / "one" / "worker.log").touch()
    (store.folder / ".scratch").mkdir()
    (store.folder / ".scratch" / "experiment.json").touch()
    assert not is_run(tmp_path)
    assert runs_below(tmp_path) == {"run": store.folder}
    for name in ("experiment.json", "plan.json"):
        (store.folder / name).unlink()
    assert is_run(store.folder)
    assert runs_below(store.folder / "arms") == {}
