"""Writes and reads what a bench measured: `bench.json`, `processes.json`, `samples.parquet` in its folder."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from harness.records.array_types import FloatArray
from harness.records.timing import CONTROL, PARTS, SAMPLE_COLUMNS, Bench, ProcessRecord
from harness.results.files import UnreadableError, read_object, read_spec, read_table
from harness.results.kinds import BENCH as BENCH
from harness.results.store import write_frame, write_text

PROCESSES, SAMPLES = "processes.json", "samples.parquet"
CHECK = "check"  # the folder of a ladder that a bench has climbed, in that of the bench
BASE_CHECK = "base_check"  # the same, climbed by the base of a gate


@dataclass(frozen=True)
class Timings:
    """A bench as it was recorded. `samples` has the columns `SAMPLE_COLUMNS`."""

    bench: Bench
    processes: tuple[ProcessRecord, ...] = ()
    samples: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(SAMPLE_COLUMNS)))

    def of_row(self, row: str) -> list[ProcessRecord]:
        """The processes of a row that did not fail, in the order in which they were timed."""
        return [process for process in self.processes if process.row == row and process.failure is None]

    @property
    def control(self) -> list[ProcessRecord]:
        """The processes of the control that did not fail."""
        return self.of_row(CONTROL)

    def step_times_s(self, process: int) -> FloatArray:
        """The seconds of a step in every steady block of a process, in order."""
        return self._steady_s.get(process, np.empty(0))

    def median_step_s(self, process: int) -> float:
        """The median over the steady blocks of a process of the seconds of a step; NaN where there is none."""
        return self._medians_s.get(process, float("nan"))

    @cached_property
    def _steady_s(self) -> dict[int, FloatArray]:
        """`step_times_s` of every process that has any; computed once, since a page asks thousands of times."""
        steady = self.samples[self.samples["part"].eq("steady")].sort_values("block")
        times_s = ((steady["dispatch_s"] + steady["fetch_s"]) / steady["steps"]).to_numpy(np.float64)
        process = steady["process"].to_numpy()
        return {int(number): times_s[process == number] for number in pd.unique(process)}

    @cached_property
    def _medians_s(self) -> dict[int, float]:
        return {number: float(np.median(times_s)) for number, times_s in self._steady_s.items()}

    def by_process(self) -> pd.DataFrame:
        """`process`, `row`, `round`, `place`, `step_s`: a row for every process that did not fail."""
        rows = [
            (p.number, p.row, p.round, p.place, self.median_step_s(p.number)) for p in self.processes if not p.failure
        ]
        frame = pd.DataFrame(rows, columns=["process", "row", "round", "place", "step_s"])
        return frame.astype({"step_s": np.float64})  # also where there is no process

    @cached_property
    def step_s(self) -> dict[str, dict[int, float]]:
        """The median seconds of a step of each process that has one, by row and round; the control is a row."""
        found: dict[str, dict[int, float]] = {}
        for row, number, step_s in self.by_process()[["row", "round", "step_s"]].itertuples(index=False):
            if math.isfinite(step_s) and step_s > 0:
                found.setdefault(str(row), {})[int(number)] = float(step_s)
        return found


def write_timings(folder: Path, timings: Timings) -> None:
    """Writes all three files; each is whole or as it was before."""
    write_text(folder / BENCH, timings.bench.model_dump_json(indent=2) + "\n")
    records = [process.model_dump(mode="json") for process in timings.processes]
    write_text(folder / PROCESSES, json.dumps({"processes": records}, indent=1) + "\n")
    write_frame(folder / SAMPLES, timings.samples)


def read_timings(folder: Path) -> Timings:
    """The bench in a folder. Raises UnreadableError, or one of `harness.results.files.DAMAGE`, where it is damaged."""
    bench = read_spec(folder / BENCH, Bench, "bench")
    records = read_object(folder / PROCESSES).get("processes")
    if not isinstance(records, list):
        raise UnreadableError("has no list of processes")
    processes = tuple(ProcessRecord.model_validate_json(json.dumps(record)) for record in records)
    samples = read_table(folder / SAMPLES, SAMPLE_COLUMNS)
    _require_consistent(bench, processes, samples)
    return Timings(bench, processes, samples)


def is_bench(folder: Path) -> bool:
    """Whether the folder is of a bench."""
    return (folder / BENCH).exists()


def _require_consistent(bench: Bench, processes: Sequence[ProcessRecord], samples: pd.DataFrame) -> None:
    """UnreadableError where the files are of different benches, or hold times that no process can have."""
    if [process.number for process in processes] != list(range(len(processes))):
        raise UnreadableError(f"{PROCESSES}: the processes are not numbered from 0 in their order")
    unknown = {process.row for process in processes} - {CONTROL, *(row.name for row in bench.rows)}
    if unknown:
        raise UnreadableError(f"{PROCESSES}: {BENCH} has no row {min(unknown)!r}")
    if not set(samples["process"]) <= set(range(len(processes))) or not set(samples["part"]) <= set(PARTS):
        raise UnreadableError(f"{SAMPLES}: has blocks of processes or parts that {PROCESSES} does not have")
    times = samples[["dispatch_s", "fetch_s"]].to_numpy(np.float64)
    if not (np.isfinite(times).all() and (times >= 0).all() and (samples["steps"] > 0).all()):
        raise UnreadableError(f"{SAMPLES}: has times that are negative or no numbers, or blocks without a step")
