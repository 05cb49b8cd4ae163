"""The numbers that a sweep's table has of a job, read from the folder of its run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from statistics import mean
from typing import Any

from harness.records.sweep import ArmNumbers
from harness.results.kinds import BENCH, TRACE, VERDICTS, is_run, runs_below
from harness.results.objects import NOT_READ, read_object

FIELDS = tuple(ArmNumbers.model_fields)


def numbers_of(folder: Path) -> tuple[float | None, dict[str, ArmNumbers]]:
    """The largest share of a tolerance, and what was measured of each arm; None for what cannot be read."""
    if (folder / BENCH).is_file():
        return None, _timed(folder)
    runs = [folder] if is_run(folder) else list(runs_below(folder).values())
    shares = [share for run in runs if (share := _largest_share(run)) is not None]
    by_arm: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        for trace in sorted(run.glob(f"arms/*/{TRACE}")):
            by_arm.setdefault(trace.parent.name, []).append(_summary(trace))
    arms = {name: ArmNumbers.model_validate(_means(summaries)) for name, summaries in by_arm.items()}
    return max(shares, default=None), arms


def _summary(trace: Path) -> dict[str, Any]:
    try:
        summary = read_object(trace).get("summary")
        return summary if isinstance(summary, dict) else {}
    except NOT_READ:
        return {}


def _means(summaries: Iterable[dict[str, Any]]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for field in FIELDS:
        values = [value for summary in summaries if isinstance(value := summary.get(field), int | float)]
        found[field] = mean(values) if values and all(map(math.isfinite, values)) else None
    return found


def _largest_share(run: Path) -> float | None:
    from harness.results.files import read_table

    try:
        column = read_table(run / VERDICTS, ("error_over_tolerance",))["error_over_tolerance"].astype("float64")
    except NOT_READ:
        return None
    share = float(column.max())
    return share if math.isfinite(share) else None


def _timed(folder: Path) -> dict[str, ArmNumbers]:
    from harness.results.timings import read_timings
    from harness.subjects.bench.summary import summaries

    try:
        rows = summaries(read_timings(folder))
        return {row.row.name: ArmNumbers(step_time_s=row.step_s.estimate) for row in rows if row.processes}
    except NOT_READ:
        return {}
