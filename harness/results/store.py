"""Writes a run's folder. Every file is complete or absent: it is written beside its place and moved there."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pandas as pd

from harness.data import Dataset
from harness.plan import Plan
from harness.records.cost import CostPlan
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.tables import epoch_table, step_table
from harness.spec.experiment import Experiment
from harness.system.array_files import PREDICTIONS, WEIGHTS, Arrays, load_arrays, save_arrays
from harness.system.writing import whole

FLIPS, FLIPPED_IMAGES = "flips.parquet", "flips.npz"
CONFUSION = "confusion.parquet"
FREE_RUNS, FREE_RUN_FACTS = "free_runs.parquet", "free_runs.json"
COST = "cost.json"
HOSTS = "hosts.json"  # of a run joined from the recordings of several hosts
VERDICT_COLUMNS = tuple(Verdict.model_fields)
SEGMENTS = "segments"  # of an arm's training that is not at its end: see `harness.results.segments`


class Store:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write_inputs(self, experiment: Experiment, plan: Plan, data: Dataset, seeds: Sequence[int] = ()) -> None:
        """What the run is of: `experiment.json`, `plan.json`, and a folder for each arm.

        `seeds`: of all runs of the experiment, where this is one of several.
        """
        write_text(self.folder / "experiment.json", experiment.model_dump_json(indent=2) + "\n")
        record = {
            "digest": plan.digest,
            "seed": experiment.seed,
            "epochs": len(plan.orders),
            "steps": plan.steps,
            "batch_size": plan.batch_size,
            "parameters": experiment.model.parameter_count,
            "multiply_adds": experiment.model.multiply_adds,
            "data": data.source,
            "data_digest": data.digest,
            "samples": {"train": len(data.x_train), "test": len(data.x_test)},
            "seeds": list(seeds),
        }
        write_text(self.folder / "plan.json", json.dumps(record, indent=2) + "\n")
        for arm in experiment.arms:
            self.arm_folder(arm.name)

    def write_cost(self, cost: CostPlan) -> None:
        """What the check was estimated to cost, and how much of it was asked."""
        write_text(self.folder / COST, cost.model_dump_json(indent=2) + "\n")

    def arm_folder(self, arm: str) -> Path:
        folder = self.folder / "arms" / arm
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def read_weights(self, arm: str) -> Arrays:
        """The weights that the arm's training ended with; nothing where it did not end."""
        path = self.arm_folder(arm) / WEIGHTS
        return load_arrays(path) if path.exists() else {}

    def read_predictions(self, arms: Iterable[str]) -> dict[str, Arrays]:
        """What each of the arms that left predictions says of every test sample."""
        paths = {arm: self.arm_folder(arm) / PREDICTIONS for arm in arms}
        return {arm: load_arrays(path) for arm, path in paths.items() if path.exists()}

    def write_flips(self, flips: pd.DataFrame, shown: Arrays) -> None:
        """The test images that two arms see differently, and the pictures of those that are shown."""
        write_frame(self.folder / FLIPS, flips)
        save_arrays(self.folder / FLIPPED_IMAGES, shown)

    def write_confusions(self, confusions: pd.DataFrame) -> None:
        """How many test images of each class each arm puts into each class."""
        write_frame(self.folder / CONFUSION, confusions)

    def write_free_runs(self, table: pd.DataFrame, facts: Mapping[str, Any]) -> None:
        """A row for each step, and what bounds the runs: see `harness.rungs.free_run_curves`."""
        write_frame(self.folder / FREE_RUNS, table)
        write_text(self.folder / FREE_RUN_FACTS, json.dumps(facts, indent=2) + "\n")

    def write_trace(self, trace: Trace) -> None:
        """The arm's trace, its steps and its epochs, in place of the segments that there may be."""
        folder = self.arm_folder(trace.arm.name)
        write_frame(folder / "steps.parquet", step_table(trace))
        write_frame(folder / "epochs.parquet", epoch_table(trace.epochs))
        # JSON has no NaN and no infinity: the tables keep them, here they are null.
        summary = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in trace.summary().items()}
        self.write_trace_record(trace, summary=summary)
        shutil.rmtree(folder / SEGMENTS, ignore_errors=True)

    def write_trace_record(self, trace: Trace, **beside: Any) -> None:
        """What is known of the arm besides its steps and epochs."""
        record = trace.model_dump(mode="json", exclude={"epochs", "learning_rates"})
        text = json.dumps({**record, "status": trace.status, **beside}, indent=2, allow_nan=False)
        write_text(self.arm_folder(trace.arm.name) / "trace.json", text + "\n")

    def write_verdicts(self, verdicts: Iterable[Verdict]) -> None:
        rows = [verdict.model_dump() for verdict in verdicts]
        write_parquet(self.folder / "verdicts.parquet", rows, VERDICT_COLUMNS)

    def write_summary(self, traces: Sequence[Trace]) -> None:
        rows = [trace.summary() for trace in traces]
        write_parquet(self.folder / "summary.parquet", rows, tuple(rows[0]))


def run_folder(results_root: Path, experiment: Experiment, digest: str) -> Path:
    """`results_root/<experiment>/<UTC time>-<digest>`."""
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return results_root / experiment.name / f"{now}-{digest[:8]}"


def write_text(path: Path, text: str) -> None:
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_parquet(path: Path, rows: list[dict[str, Any]], columns: Sequence[str]) -> None:
    """A table with these columns, in this order, also where there is no row; its checksums tell later damage."""
    write_frame(path, pd.DataFrame(rows, columns=list(columns)))


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    with whole(path) as partial:
        frame.to_parquet(partial, index=False, write_page_checksum=True)
