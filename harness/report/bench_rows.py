"""The tables of a bench, as text for the terminal and for its page."""

from __future__ import annotations

from harness.records.timing import Phases, ProcessRecord
from harness.report.bench_record import BenchRecord
from harness.report.rows import MIB, Table, number
from harness.subjects.bench.control import Control
from harness.subjects.bench.outcome import as_ratio, in_ms
from harness.subjects.bench.summary import RowSummary, disturbed

SHORTEST_S = 0.0005  # what takes less in every row has no column


def time_table(record: BenchRecord) -> Table:
    """A row for each row: how it ran, whether its time counts, and the time of a step with its interval."""
    base = record.rows[0].base.name if record.rows else ""
    if any(row.row.base_of for row in record.rows):
        base = "its base"
    head = ["row", "runs as", "status", "processes", "step", f"times as long as {base}", "samples/s", "epoch"]
    head += ["to accuracy", "notes"]
    return head, [
        [
            row.row.name,
            _runs_as(row),
            row.status,
            str(len(row.processes)),
            in_ms(row.step_s) if row.processes else "",
            "" if row.ratio is None or not row.processes else as_ratio(row.ratio),
            number(row.samples_per_s, "{:,.0f}"),
            number(row.median_of(lambda process: process.epoch_time_s), "{:.3g} s"),
            number(row.median_of(lambda process: process.time_to_accuracy_s), "{:.3g} s"),
            "; ".join(row.notes),
        ]
        for row in record.rows
    ]


def _runs_as(row: RowSummary) -> str:
    arrangement = row.row.arrangement
    settings = [f"{name}={value}" for name, value in arrangement.variables.items()] if arrangement else []
    return ", ".join(filter(None, [row.row.mode, row.row.loop, *settings]))


def phase_table(record: BenchRecord) -> Table:
    """The seconds of every phase, the median over a row's processes; a column for each that some row has."""
    by_row = [(row.row.name, row.phases, row.median_of(lambda process: process.wall_s)) for row in record.rows]
    by_row = [entry for entry in by_row if entry[1]]
    names = [
        name
        for name in Phases().by_name
        if name == LEFT or any(abs(phases[name]) >= SHORTEST_S for _, phases, _ in by_row)
    ]
    head = ["row", *(name.replace("_", " ") for name in names), "whole process"]
    return head, [
        [name, *(f"{phases[phase]:.3f}" for phase in names), number(wall_s, "{:.3f}")]
        for name, phases, wall_s in by_row
    ]


LEFT = "left_over"


def machine_table(record: BenchRecord) -> Table:
    """Memory, the cost of measuring, and the arithmetic rate beside what the machine can do."""
    head = ["row", "after import", "after build", "peak memory", "device memory", "GFLOP/s", "of roofline", "energy"]
    head += ["reading the clock"]
    rows = []
    for row in record.rows:
        rate, roofline = record.flops_per_s(row), record.roofline(row)
        memory = [
            row.median_of(lambda process, part=part: getattr(process.memory, part) if process.memory else None)  # type: ignore[misc]
            for part in ("after_import", "after_build", "peak", "device_peak")
        ]
        share = None if rate is None or roofline is None else rate / roofline.product_flops_per_s
        rows.append(
            [
                row.row.name,
                *(number(None if size is None else size / MIB, "{:,.0f} MiB") for size in memory),
                number(None if rate is None else rate / 1e9, "{:.3g}"),
                number(share, "{:.0%}"),
                number(row.median_of(lambda process: process.energy_j), "{:.3g} J"),
                number(row.median_of(_clock_share), "{:.1e} of a block"),
            ]
        )
    return head, rows


def _clock_share(process: ProcessRecord) -> float | None:
    """What the readings of the clock around a block add to its time, relative to the median steady block."""
    steady_s, blocks = process.phases.steady_s + process.phases.host_sync_s, process.steady_blocks
    return process.clock_s * blocks / steady_s if steady_s and blocks else None


def round_table(record: BenchRecord) -> Table:
    """A row for each round: the order of its rows, the time of the control, and what the host did."""
    head = ["round", "order", "control", "load", "waiting for a processor", "other processors", "disturbed"]
    timings = record.timings
    if timings is None:
        return head, []
    control = Control.of(timings).times_s
    rows = []
    for number_of_round in range(max((p.round for p in timings.processes), default=-1) + 1):
        processes = [p for p in timings.processes if p.round == number_of_round]
        timed = [p for p in processes if not p.is_control]
        seen = [p.interference for p in processes if p.failure is None]
        rows.append(
            [
                str(number_of_round + 1),
                " ".join(p.row for p in timed),
                number(control.get(number_of_round) and 1e3 * control[number_of_round], "{:.2f} ms"),
                _largest([i.load for i in seen], "{:.2f}"),
                _largest([i.cpu_stalled for i in seen], "{:.0%}"),
                _largest([i.other_processors for i in seen], "{:.2f}"),
                str(sum(map(disturbed, timed)) or ""),
            ]
        )
    return head, rows


def _largest(values: list[float | None], template: str) -> str:
    known = [value for value in values if value is not None]
    return template.format(max(known)) if known else ""
