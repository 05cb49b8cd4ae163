"""What a row of a bench says of itself in `extra_info`, in plain containers that JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.records.timing import Memory, ProcessRecord
from harness.subjects.bench.summary import RowSummary
from harness.timing.intervals import Interval

ROUND_IS = "the median time of a step of one process"


def facts(summary: RowSummary, folder: Path) -> dict[str, Any]:
    """The row's name, credit, accuracy, intervals, memory, environment and machine, and the folder of its bench.

    Times are in seconds, memory in bytes. What was not measured is None.
    """
    row, first = summary.row, summary.processes[0]
    machine = summary.timings.bench.machine
    return {
        "round_is": ROUND_IS,
        "row": row.name,
        "arm": row.arm,
        "adapter": row.adapter,
        "mode": row.mode,
        "loop": row.loop,
        "status": summary.status,
        "credit": None if row.credit is None else row.credit.model_dump(),
        "notes": summary.notes,
        "test_accuracy": summary.median_of(lambda process: process.test_accuracy),
        "step_s": _interval(summary.step_s),
        "ratio": None if summary.ratio is None else {"to": summary.base.name, **_interval(summary.ratio)},
        "samples_per_s": summary.samples_per_s,
        "processes": len(summary.processes),
        "memory_bytes": {name: summary.median_of(_of_memory(name)) for name in Memory.model_fields},
        "environment": first.environment,
        "machine": None if machine is None else machine.model_dump(),
        "folder": str(folder),
    }


def _interval(interval: Interval) -> dict[str, float | None]:
    """The estimate and its interval at 95 %; None where there is none, since JSON has no infinity."""
    values = {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _of_memory(name: str) -> Callable[[ProcessRecord], float | None]:
    return lambda process: None if process.memory is None else getattr(process.memory, name)
