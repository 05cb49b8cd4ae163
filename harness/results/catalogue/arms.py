"""The rows of a folder's arms: of trainings from their traces, of a bench from its processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa

from harness.results.catalogue.columns import ARM, REAL, WHOLE
from harness.results.catalogue.records import Records, mapping, objects, real, text, whole
from harness.results.kinds import BENCH, TRACE

Row = dict[str, Any]
NEWEST_TRACE = 1  # the schema_version of `harness.records.trace.Trace`
READERS = {WHOLE: whole, REAL: real}
# The columns of the catalogue, and their names in `Trace.summary`, where these are others.
IN_SUMMARY = {"policy": "realisation", "arm_status": "status"}


def trained_arms(records: Records) -> list[Row]:
    """A row for each folder below `arms/` with a trace, in the order of the experiment."""
    folder = records.folder / "arms"
    names = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
    # The marker knows the traces that are gone.
    places = (place.split("/") for place in mapping(records.marker.get("records")))
    names |= {parts[1] for parts in places if len(parts) == 3 and parts[0] == "arms" and parts[2] == TRACE}
    stated = [text(arm.get("name")) for arm in objects(records.object("experiment.json").get("arms"))]
    ordered = sorted(names, key=lambda name: (stated.index(name) if name in stated else len(stated), name))
    rows = (_trained(records, name) for name in ordered)
    return [row for row in rows if row is not None]


def _trained(records: Records, name: str) -> Row | None:
    place = f"arms/{name}/{TRACE}"
    trace = records.object(place)
    if not trace:
        return None
    version = trace.get("schema_version")
    if not isinstance(version, int) or version > NEWEST_TRACE:
        newer = "" if version is None else ": it is of a newer twinrun"
        records.problems.append(f"{place} has schema_version {version}{newer}")
        return None
    arm, environment = mapping(trace.get("arm")), mapping(trace.get("environment"))
    # What a summary of an older version lacks is taken from the trace itself, or is missing.
    stated = {"arm": name, "policy": arm.get("realisation"), **{key: arm.get(key) for key in ("adapter", "mode")}}
    stated |= {key: arm.get(key) for key in ("device", "precision", "threads")}
    stated |= {"version": environment.get("version"), "arm_status": trace.get("status")}
    stated |= {key: environment[key] for key in ("device",) if environment.get(key)}
    stated["compile_time_s"], stated["import_time_s"] = trace.get("compile_time_s"), trace.get("import_time_s")
    summary = mapping(trace.get("summary"))
    told = {column: summary.get(IN_SUMMARY.get(column, column)) for column in ARM}
    row = {**stated, **{column: value for column, value in told.items() if value is not None}}
    row["settings"] = ", ".join(map(str, told["settings"])) if isinstance(told["settings"], list) else ""
    row["packages"] = packages(environment)
    return typed(row)


def packages(environment: Mapping[str, Any]) -> str:
    """The framework's packages with their versions, in order of name."""
    versions = mapping(environment.get("versions"))
    return ", ".join(f"{name} {versions[name]}" for name in sorted(versions))


def typed(row: Mapping[str, Any]) -> Row:
    """The row with every column of `ARM`, each of its type; a value of another type is missing."""
    return {name: READERS.get(kind, text)(row.get(name)) for name, (kind, _) in ARM.items()}


def timed_arms(records: Records) -> list[Row]:
    """A row for each row of a bench: the median over its processes of the median seconds of a step."""
    bench = records.object(BENCH)
    processes = objects(records.object("processes.json").get("processes"))
    columns = ["process", "part", "steps", "dispatch_s", "fetch_s"]
    step_s = _step_s(records.table("samples.parquet", columns))
    rows = []
    for row in objects(bench.get("rows")):
        mine = [
            process for process in processes if process.get("row") == row.get("name") and not process.get("failure")
        ]
        last = mine[-1] if mine else {}
        times = [step_s[number] for process in mine if (number := whole(process.get("number"))) in step_s]
        step = median(times) if times else None
        environment, credit = mapping(last.get("environment")), mapping(row.get("credit"))
        batch, memory = whole(last.get("batch_size")), mapping(last.get("memory"))
        rows.append(
            typed(
                {
                    **{key: row.get(key) for key in ("adapter", "mode", "loop")},
                    "arm": row.get("name"),
                    "version": environment.get("version"),
                    "packages": packages(environment),
                    "device": environment.get("device"),
                    "threads": environment.get("threads"),
                    "settings": json.dumps(mapping(mapping(row.get("arrangement")).get("variables")), sort_keys=True),
                    "arm_status": credit.get("status"),
                    "test_accuracy": last.get("test_accuracy"),
                    "test_loss": last.get("test_loss"),
                    "compile_time_s": _median_of(mine, "compile_s"),
                    "import_time_s": _median_of(mine, "import_s"),
                    "step_time_s": step,
                    "samples_per_s": batch / step if batch and step else None,
                    "peak_rss_bytes": memory.get("peak"),
                    "failure": credit.get("cause"),
                }
            )
        )
    return rows


def _step_s(samples: pa.Table | None) -> dict[int, float]:
    """By process the median seconds of a step over its steady blocks."""
    if samples is None or len(samples.column_names) < 5 or not samples.num_rows:  # without rows it has no types
        return {}
    part, process = np.asarray(samples["part"].to_pylist()), samples["process"].to_numpy()
    seconds = (samples["dispatch_s"].to_numpy() + samples["fetch_s"].to_numpy()) / samples["steps"].to_numpy()
    steady = (part == "steady") & np.isfinite(seconds) & (seconds > 0)
    return {int(number): float(np.median(seconds[steady & (process == number)])) for number in set(process[steady])}


def _median_of(processes: list[Mapping[str, Any]], phase: str) -> float | None:
    values = [real(mapping(process.get("phases")).get(phase)) for process in processes]
    known = [value for value in values if value is not None]
    return median(known) if known else None
