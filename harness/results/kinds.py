"""Of what kind a folder is, by its marker or else by its files. Loads no table library."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from harness.results.claim import claimed_for
from harness.results.marker import MARKER, Kind
from harness.results.objects import NOT_READ, read_object

KINDS: tuple[str, ...] = get_args(Kind)
EXPERIMENT, PLAN, TRACE, STEPS, EPOCHS = "experiment.json", "plan.json", "trace.json", "steps.parquet", "epochs.parquet"
VERDICTS = "verdicts.parquet"
PAIR, COMPARISON, GATE, BENCH, SCALING = "pair.json", "comparison.json", "gate.json", "bench.json", "scaling.json"
SWEEP = "sweep.json"


def kind_of(folder: Path) -> str:
    """One of `KINDS`, read from the folder's marker or, where that cannot be read, derived from the files there."""
    try:
        kind = str(read_object(folder / MARKER)["kind"])
    except NOT_READ:
        kind = ""
    if kind in KINDS:
        return kind
    verb = claimed_for(folder)
    if (folder / SWEEP).exists() or verb == "sweep":
        return "sweep"
    if (folder / PAIR).exists() and verb != "bench":
        return "pair"
    if (folder / COMPARISON).exists() or verb == "compare":
        return "comparison"
    if any((folder / name).exists() for name in (BENCH, SCALING)) or verb == "bench":
        return "bench"
    if verb == "gate":
        return "gate"
    return "run" if is_run(folder) or not runs_below(folder) else "study"


def is_run(folder: Path) -> bool:
    """Whether anything in the folder is what a run leaves behind. (A study's arms leave their logs there, no more.)"""
    stated = any((folder / name).exists() for name in (EXPERIMENT, PLAN))
    return stated or any(True for name in (TRACE, STEPS, EPOCHS) for _ in folder.glob(f"arms/*/{name}"))


def runs_below(folder: Path) -> dict[str, Path]:
    """The runs of a study, by their place in its folder: `<variant>/seed<n>`, or either alone."""
    files = [file for depth in range(3) for file in folder.glob("*/" * depth + EXPERIMENT)]
    places = [file.parent.relative_to(folder) for file in sorted(files)]
    return {str(place): folder / place for place in places if not any(part.startswith(".") for part in place.parts)}
