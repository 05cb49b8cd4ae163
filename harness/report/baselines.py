"""Baselines on the terminal."""

from __future__ import annotations

from harness.records.exit_codes import AGREES, UNVERIFIED
from harness.report.tables import console, draw
from harness.results.baselines import Baseline, BaselineError, Baselines

HEAD = ["baseline", "experiment", "recorded", "machine", "rows", "moved from"]


def saved(store: Baselines, record: Baseline) -> int:
    """Says what was saved, and where."""
    console().print(f"baseline {record.name}: {store.folders()[record.name]}", soft_wrap=True)
    return AGREES


def list_all(store: Baselines) -> int:
    """Prints a row for each baseline, the oldest first. 4 where one is damaged."""
    screen, records = console(), store.all()
    rows = [_row(name, record) for name, record in records.items()]
    if not rows:
        screen.print(f"{store.root} has no baseline", soft_wrap=True)
        return AGREES
    draw(screen, "", HEAD, rows, prose=("machine", "rows"))
    return UNVERIFIED if any(isinstance(record, BaselineError) for record in records.values()) else AGREES


def _row(name: str, record: Baseline | BaselineError) -> list[str]:
    if isinstance(record, BaselineError):
        return [name, "damaged", "", str(record), "", ""]
    machine = f"{record.machine.processor}, {record.machine.cores} cores" if record.machine else ""
    rows = ", ".join(record.step_s or record.accuracies)
    return [name, record.experiment, record.ended, machine, rows, record.moved_from or "the first"]


def show(store: Baselines, name: str) -> int:
    """Prints what a baseline is of, and the time of each of its processes."""
    record, screen = store.read(name), console()
    for key, value in record.model_dump(mode="json", exclude={"step_s", "accuracies", "schema_version"}).items():
        screen.print(f"{key}: {value}", soft_wrap=True)
    rounds = sorted({number for times in record.step_s.values() for number in times}, key=int)
    cells = [
        [row, *(f"{1e3 * times[number]:.3f}" if number in times else "" for number in rounds)]
        for row, times in record.step_s.items()
    ]
    if cells:
        draw(screen, "median step of each process, ms", ["row", *(f"round {number}" for number in rounds)], cells)
    scored = [[arm, s, f"{a:.2%}"] for arm, by_seed in record.accuracies.items() for s, a in by_seed.items()]
    if scored:
        draw(screen, "test accuracy", ["arm", "seed", "accuracy"], scored)
    return AGREES
