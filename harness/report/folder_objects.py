"""The outcomes of benches, scalings, comparisons and gates as JSON objects. `docs/json.md` describes their fields."""

from __future__ import annotations

from harness.report.as_json import Outcome, head, rungs
from harness.report.bench_record import BenchRecord
from harness.report.comparison import Sides, measured
from harness.report.comparison_record import ComparisonRecord
from harness.report.gate_record import GateRecord
from harness.report.scaling_folder import ScalingFolder
from harness.results.scalings import place_of
from harness.subjects.bench.control import Control
from harness.subjects.bench.summary import RowSummary
from harness.timing.intervals import Interval


def of_bench(record: BenchRecord, exit_code: int, sentence: str) -> Outcome:
    """The outcome of a bench: a row for each of its rows, and what the control says of the machine."""
    return {**head(exit_code, sentence, record.folder), **_timed(record)}


def of_scaling(scaling: ScalingFolder, code: int, sentence: str) -> Outcome:
    """The outcome of a scaling: what was timed at each value of its key."""
    key, values = (scaling.swept.key, scaling.swept.values) if scaling.swept else ("", ())
    points = [
        {"value": value, "folder": str(scaling.folder / place_of(number)), **_timed(bench)}
        for number, (value, bench) in enumerate(zip(values, scaling.benches, strict=True))
    ]
    return {**head(code, sentence, scaling.folder), "key": key, "benches": points}


def of_comparison(record: ComparisonRecord) -> Outcome:
    """The outcome of a comparison: its rungs over all parts, and the times of both arms of every two."""
    facts = record.facts
    arms = [
        {
            "variant": row.variant,
            "arms": row.arms,
            "in_words": row.in_words,
            "accuracy": _sides(row.accuracy),
            "times": {quantity: _sides(values) for quantity, values in row.times.items()},
        }
        for row in measured(record.parts)
    ]
    sides = {"a": facts.a if facts else None, "b": facts.b if facts else None}
    return {
        **head(record.exit_code, record.sentence, record.folder),
        **sides,
        **rungs(record.placed_verdicts),
        "arms": arms,
    }


def _sides(values: Sides) -> Outcome:
    return dict(zip("ab", values, strict=True))


def of_gate(record: GateRecord) -> Outcome:
    """The outcome of a gate: its rows as `gate.json` has them."""
    gate = record.gate
    about: Outcome = {"head": None, "base": None, "changed": [], "notes": [], "rows": []}
    if gate is not None:
        about = gate.model_dump(mode="json", include=set(about))
    return {**head(record.exit_code, record.sentence, record.folder), **about}


def _timed(record: BenchRecord) -> Outcome:
    timings = record.timings
    bench = timings.bench if timings is not None else None
    return {
        "rounds": bench.rounds if bench else 0,
        "ended": bench.ended if bench else None,
        "machine_moved": Control.of(timings).has_moved if timings is not None else None,
        "rows": [_row(row) for row in record.rows],
    }


def _row(row: RowSummary) -> Outcome:
    """A row; what was not measured is None."""
    is_timed = bool(row.processes)
    return {
        "row": row.row.name,
        "arm": row.row.arm,
        "mode": row.row.mode,
        "loop": row.row.loop,
        "status": row.status,
        "notes": row.notes,
        "processes": len(row.processes),
        "step_s": _interval(row.step_s if is_timed else None),
        "samples_per_s": row.samples_per_s,
        "base": None if row.row == row.base else row.base.name,
        "ratio": _interval(row.ratio if is_timed else None),
    }


def _interval(interval: Interval | None) -> Outcome | None:
    if interval is None:
        return None
    return {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
