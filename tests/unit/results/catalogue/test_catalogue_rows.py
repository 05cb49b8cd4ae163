"""A folder of any kind, age and damage is a row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_up_catalogues import BROKEN, MadeUp, write_run

from harness.records.trace import Trace
from harness.records.verdict import Status as VerdictStatus
from harness.results.catalogue import columns
from harness.results.catalogue.arms import NEWEST_TRACE
from harness.results.catalogue.files import as_table
from harness.results.catalogue.rows import rows_of
from harness.results.marker import MARKER, Marker, complete


def row_of(folder: Path) -> dict[str, Any]:
    (row,) = rows_of(folder, f"{folder.parent.name}/{folder.name}", "1-1")
    assert as_table([row]).to_pylist()[0]["run"] == row["run"]  # it fits the schema
    return row


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


REASONS = {
    "cut trace": ("damaged", "arms/tensorflow/trace.json cannot be read"),
    "no marker": ("unfinished", "it did not come to its end"),
    "cut marker": ("damaged", "complete.json cannot be read"),
    "cut verdicts": ("damaged", "verdicts.parquet cannot be read"),
    "changed plan": ("damaged", "plan.json is not what it was"),
    "empty": ("damaged", "claim.json is missing"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_run_is_a_row_with_its_reason(tmp_path: Path, broken: str) -> None:
    row = row_of(write_run(tmp_path, MadeUp(broken=broken)))
    status, reason = REASONS[broken]
    assert row["status"] == status
    assert row["reason"].startswith(reason)
    assert row["verdict"] != "agrees"
    assert row["exit_code"] != 0
    assert row["experiment"] == "mnist_mlp"


def test_the_names_of_verdicts_and_schemas_are_those_of_the_records() -> None:
    assert set(columns.Status.__args__) == set(VerdictStatus.__args__)  # type: ignore[attr-defined]
    assert Trace.model_fields["schema_version"].default == NEWEST_TRACE
    assert not set(columns.RUN) & set(columns.ARM), "SQL conditions take the columns of both"


def test_a_run_of_before_markers_is_unmarked(tmp_path: Path) -> None:
    folder = write_run(tmp_path, MadeUp(verdict="diverges"))
    for name in (MARKER, "claim.json"):
        (folder / name).unlink()
    row = row_of(folder)
    assert (row["status"], row["verdict"], row["exit_code"]) == ("unmarked", "diverges", 1)
    assert row["created"].year == 2026  # by the name of its folder


def test_an_older_trace_has_fewer_columns_and_a_newer_one_is_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path, MadeUp())
    trace = folder / "arms/tensorflow/trace.json"
    record = json.loads(trace.read_text())
    for key in ("arrangement", "import_time_s", "order_digests"):
        record.pop(key, None)
    summary = {key: record["summary"][key] for key in ("arm", "test_accuracy", "step_time_s")}
    trace.write_text(json.dumps({**record, "summary": summary}))
    edit(folder / "arms/mindspore/trace.json", schema_version=NEWEST_TRACE + 1)
    complete(folder, Marker.of("run", 0, "AGREES: both"))
    row = row_of(folder)
    (arm,) = row["arms"]
    assert (arm["arm"], arm["adapter"], arm["mode"], arm["version"]) == ("tensorflow", "tensorflow", "graph", "2.21.0")
    assert arm["test_accuracy"] == 0.9
    assert arm["samples_per_s"] is None
    assert row["reason"] == f"arms/mindspore/trace.json has schema_version {NEWEST_TRACE + 1}: it is of a newer twinrun"


@pytest.mark.parametrize("value", [None, True, "text", [1], {"a": 1}, 1e999, 10**400, float("nan")])
def test_values_of_other_types_are_missing(tmp_path: Path, value: Any) -> None:
    folder = write_run(tmp_path, MadeUp())
    trace = folder / "arms/tensorflow/trace.json"
    record = json.loads(trace.read_text())
    names = ("test_accuracy", "steps", "step_time_s", "threads")
    trace.write_text(json.dumps({**record, "summary": {**record["summary"], **dict.fromkeys(names, value)}}))
    edit(folder / "plan.json", batch_size=value, digest=value, data=value)
    edit(folder / "claim.json", machine=value, started=value, host=value)
    complete(folder, Marker.of("run", 0, "AGREES: both"))
    row = row_of(folder)
    assert row["status"] == "complete"
    assert row["arms"][1]["test_accuracy"] is None
    assert row["batch_size"] is None
    assert row["created"].year == 2026


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    from harness.records.verdict import Verdict
    from harness.results.store import Store

    folder = write_run(tmp_path, MadeUp())
    (folder / MARKER).unlink()
    stopped = Verdict(rung="run", subject="interrupted", arm_a="", status="interrupted", cause="stopped with Ctrl-C")
    Store(folder).write_verdicts([stopped])
    row = row_of(folder)
    assert (row["status"], row["verdict"], row["exit_code"]) == ("unfinished", "interrupted", 130)
    assert row["reason"] == "stopped with Ctrl-C"


def test_a_study_is_a_row_and_so_are_its_runs(tmp_path: Path) -> None:
    study = tmp_path / "study"
    runs = {f"seed{n}": write_run(study, MadeUp(experiment=f"seed{n}", name="x", seed=n)) for n in range(2)}
    for place, folder in runs.items():
        for path in list(folder.iterdir()):
            path.rename(study / place / path.name)
        folder.rmdir()
    complete(study, Marker.of("study", 0, "AGREES: both"), {place: study / place for place in runs})
    first, *others = rows_of(study, "mnist_mlp/study", "1-1")
    assert (first["kind"], first["study"], first["verdict"]) == ("study", "", "agrees")
    assert [(row["run"], row["study"], row["seed"]) for row in others] == [
        ("mnist_mlp/study/seed0", "mnist_mlp/study", 0),
        ("mnist_mlp/study/seed1", "mnist_mlp/study", 1),
    ]


def test_a_marker_that_leads_out_of_the_study_is_not_followed(tmp_path: Path) -> None:
    write_run(tmp_path, MadeUp(experiment="secret", name="run"))
    study = write_run(tmp_path, MadeUp(experiment="mnist_mlp", name="study"))
    content = json.loads((study / MARKER).read_text())
    (study / MARKER).write_text(
        json.dumps({**content, "kind": "study", "runs": {"../../secret/run": "0", "/etc": "0"}})
    )
    assert [row["run"] for row in rows_of(study, "mnist_mlp/study", "1-1")] == ["mnist_mlp/study"]


def test_a_bench_that_timed_nothing_is_a_row(tmp_path: Path) -> None:
    folder = tmp_path / "results" / "bench" / "run"
    folder.mkdir(parents=True)
    (folder / "bench.json").write_text(json.dumps({"rows": [{"name": "tensorflow"}]}))
    (folder / "processes.json").write_text(json.dumps({"processes": []}))
    # No block was timed, so the columns have no type of their own.
    columns_of_samples = pd.DataFrame(columns=["process", "part", "steps", "dispatch_s", "fetch_s"], dtype=object)
    columns_of_samples.to_parquet(folder / "samples.parquet")
    complete(folder, Marker(kind="bench", status="UNVERIFIED", exit_code=4, sentence="UNVERIFIED: nothing"))
    (arm,) = row_of(folder)["arms"]
    assert (arm["arm"], arm["step_time_s"]) == ("tensorflow", None)
