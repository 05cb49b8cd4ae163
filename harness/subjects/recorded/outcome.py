"""The outcome of a comparison: one line, an exit code, and the verdicts as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.records import exit_codes, outcome
from harness.records.verdict import Verdict
from harness.results.store import VERDICT_COLUMNS, write_parquet
from harness.subjects.recorded.comparison import Comparison

WORD = {
    exit_codes.AGREES: "AGREES",
    exit_codes.DIVERGES: "DIVERGES",
    exit_codes.CRASHED: "CRASHED",
    exit_codes.UNVERIFIED: "UNVERIFIED",
    exit_codes.INTERRUPTED: "INTERRUPTED",
}


def in_one_line(comparisons: Sequence[Comparison]) -> str:
    """The outcome as a sentence: the gravest status, and the first verdict that has it."""
    verdicts = [(entry.variant, verdict) for entry in comparisons for verdict in entry.verdicts]
    code = exit_code(comparisons)
    status_by_code = {
        exit_codes.DIVERGES: "diverges",
        exit_codes.CRASHED: "crashed",
        exit_codes.UNVERIFIED: "unverified",
    }
    status = status_by_code.get(code, "interrupted")
    at_status = [(variant, v) for variant, v in verdicts if v.status == status]
    if at_status:
        # Of the verdicts of one variant and rung, the one with the earliest step.
        variant, v = at_status[0]
        same_rung = [candidate for name, candidate in at_status if (name, candidate.rung) == (variant, v.rung)]
        v = min(same_rung, key=lambda entry: np.inf if entry.step is None else entry.step)
        of = f"{variant}, " if variant else ""
        at = f" at {v.worst_index}" if v.worst_index else ""
        return f"{WORD[code]} first at {of}{v.rung}, {v.subject}{at}: {v.cause}{_nearer(v)}"
    agreed = dict.fromkeys(v.rung for _, v in verdicts if v.status in ("agrees", "known"))
    refused = [v.cause for _, v in verdicts if v.status == "unsupported"]
    if refused:
        return f"UNSUPPORTED: {refused[0]}"
    pairs = dict.fromkeys(compared.pair.name for entry in comparisons for compared in entry.compared)
    equal = all(compared.all_equal for entry in comparisons for compared in entry.compared)
    how = "; all that both recorded is equal bit for bit" if equal else ""
    return f"AGREES: {', '.join(pairs)} of A and of B, on {', '.join(agreed)}{how}"


def _nearer(verdict: Verdict) -> str:
    if verdict.nearer in ("", "both alike"):
        return ""
    return f"; {verdict.nearer} is nearer to the reference"


def exit_code(comparisons: Sequence[Comparison]) -> int:
    """The exit code of the command: that of the gravest verdict."""
    return outcome.exit_code([verdict for comparison in comparisons for verdict in comparison.verdicts], [])


def write_records(comparisons: Sequence[Comparison], folder: Path) -> None:
    """Writes `verdicts.parquet` to the folder, with a column `variant` if studies were compared."""
    is_study = any(comparison.variant for comparison in comparisons)
    columns = (("variant",) if is_study else ()) + VERDICT_COLUMNS
    rows: list[dict[str, Any]] = [
        {"variant": comparison.variant, **verdict.model_dump()}
        for comparison in comparisons
        for verdict in comparison.verdicts
    ]
    write_parquet(folder / "verdicts.parquet", rows, columns)
