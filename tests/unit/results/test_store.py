"""What a run leaves behind: every table with its columns, whole or absent."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_traces import arm, epoch, failure, laid_out, trace, verdict

from harness.plan import draw_plan
from harness.records.trace import Trace
from harness.results.store import Store, run_folder, write_parquet
from harness.spec import Experiment

Build = Callable[..., Experiment]
STEP_COLUMNS = ["step", "epoch", "learning_rate", "loss"]
EPOCH_COLUMNS = ["epoch", "train_loss", "test_loss", "test_accuracy", "samples_scored", "epoch_time_s"]
EPOCH_COLUMNS += ["samples", "peak_rss_bytes"]
VERDICT_COLUMNS = [
    *("rung", "subject", "arm_a", "arm_b", "status", "worst_ulp", "worst_index", "value_a", "value_b"),
    *("value_reference", "nearer", "tolerance", "error_over_tolerance", "tolerance_source", "cause"),
    *("judgement", "culprit", "step", "phase", "layer", "moment", "tensor", "ulp_a", "ulp_b", "detects", "advice"),
]


@pytest.fixture
def store(experiment_of: Build, tmp_path: Path) -> Store:
    experiment = experiment_of()
    return laid_out(tmp_path / "run", experiment)


def test_a_run_says_what_it_is_of(store: Store, experiment_of: Build) -> None:
    experiment = experiment_of()
    assert Experiment.model_validate_json((store.folder / "experiment.json").read_text()) == experiment
    assert json.loads((store.folder / "plan.json").read_text()) == {
        **{"digest": draw_plan(experiment, 40).digest, "seed": 3, "epochs": 4, "steps": 16, "batch_size": 10},
        **{"parameters": 7850, "multiply_adds": 7840, "data": "noise", "data_digest": "abc"},
        **{"samples": {"train": 40, "test": 10}, "seeds": []},
    }
    folder = run_folder(Path("results"), experiment, "0123456789abcdef")
    assert folder.parent == Path("results/small")
    assert pd.to_datetime(folder.name, format="%Y%m%dT%H%M%SZ-01234567") is not None


def test_every_table_and_its_columns(store: Store) -> None:
    full = Trace(
        arm=arm("one"),
        finished=True,
        compile_time_s=1.5,
        learning_rates=(0.1, 0.2, 0.3, 0.4, 0.5),
        epochs=(
            epoch(0, (1.0, 0.5), 0.6, time_s=9.0),
            epoch(1, (0.25, math.nan), 0.7, time_s=4.0),
            epoch(2, (0.125,), 0.8),
        ),
    )
    store.write_trace(full)
    store.write_verdicts([verdict(), verdict("diverges").model_copy(update={"worst_ulp": math.inf, "value_a": 2.0})])
    store.write_summary([full, trace("other", "crashed", epochs=0)])

    steps = pd.read_parquet(store.folder / "arms/one/steps.parquet")
    assert list(steps.columns) == STEP_COLUMNS
    assert steps["step"].tolist() == [0, 1, 2, 3, 4]
    assert steps["epoch"].tolist() == [0, 0, 1, 1, 2]
    assert steps["learning_rate"].tolist() == [0.1, 0.2, 0.3, 0.4, 0.5]
    np.testing.assert_array_equal(steps["loss"], [1.0, 0.5, 0.25, math.nan, 0.125])
    epochs = pd.read_parquet(store.folder / "arms/one/epochs.parquet")
    assert list(epochs.columns) == EPOCH_COLUMNS
    np.testing.assert_array_equal(epochs["train_loss"], [0.75, math.nan, 0.125])
    assert epochs["test_accuracy"].tolist() == [0.6, 0.7, 0.8]
    verdicts = pd.read_parquet(store.folder / "verdicts.parquet")
    assert sorted(verdicts.columns) == sorted(VERDICT_COLUMNS)
    assert verdicts["status"].tolist() == ["agrees", "diverges"]
    assert verdicts["worst_ulp"].tolist()[1] == math.inf
    first, second = pd.read_parquet(store.folder / "summary.parquet").to_dict("records")
    expected = {
        "arm": "one",
        "status": "complete",
        "test_accuracy": 0.8,
        "test_loss": 0.7,
        "train_loss": 0.125,
        "steps": 5,
    }
    # The first epoch, which warms up, is no measure: 2 s a step in the second, 2 s in the third.
    expected |= {"compile_time_s": 1.5, "step_time_s": 2.0, "samples_per_s": 5.0, "train_time_s": 15.0}
    assert {key: first[key] for key in expected} == expected
    assert (first["peak_rss_bytes"], first["samples_scored"]) == (1002, 1000)
    assert (second["arm"], second["status"], second["failure"]) == ("other", "crashed", str(failure("crashed")))
    assert pd.isna(second["test_accuracy"])
    assert pd.isna(second["step_time_s"])
    assert list(store.folder.rglob("*.partial")) == []


def test_tables_without_rows_keep_their_columns(store: Store) -> None:
    nothing = Trace(arm=arm("one"))
    store.write_trace(nothing)
    store.write_verdicts([])
    store.write_summary([nothing])
    for name, columns in {
        "arms/one/steps.parquet": STEP_COLUMNS,
        "arms/one/epochs.parquet": EPOCH_COLUMNS,
        "verdicts.parquet": VERDICT_COLUMNS,
    }.items():
        table = pd.read_parquet(store.folder / name)
        assert (sorted(table.columns), len(table)) == (sorted(columns), 0)
    (row,) = pd.read_parquet(store.folder / "summary.parquet").to_dict("records")
    assert (row["status"], row["epochs"], row["steps"]) == ("recorded", 0, 0)


def test_rates_that_never_came_are_missing(store: Store) -> None:
    store.write_trace(trace().model_copy(update={"learning_rates": (0.1,)}))
    assert pd.read_parquet(store.folder / "arms/one/steps.parquet")["learning_rate"].isna().tolist() == [False, True]


def test_a_trace_in_json_is_json_even_where_a_loss_is_no_number(store: Store) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    lost = epoch(0, (1.0, math.nan)).model_copy(update={"test_loss": math.inf})
    store.write_trace(trace().model_copy(update={"epochs": (lost,)}))
    record = json.loads((store.folder / "arms/one/trace.json").read_text(), parse_constant=refuse)
    assert record["summary"]["test_accuracy"] == 0.5


def test_a_table_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_short(self: pd.DataFrame, path: Path, **_: Any) -> None:
        path.write_bytes(b"half a table")
        raise OSError("the disk is full")

    path = tmp_path / "table.parquet"
    write_parquet(path, [{"a": 1}], ["a"])
    monkeypatch.setattr(pd.DataFrame, "to_parquet", cut_short)
    for target in (path, tmp_path / "new.parquet"):
        with pytest.raises(OSError, match="full"):
            write_parquet(target, [{"a": 2}], ["a"])
    assert pd.read_parquet(path)["a"].tolist() == [1]
    assert not (tmp_path / "new.parquet").exists()
