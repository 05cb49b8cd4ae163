"""What a comparison comes to: one line, an exit code, and the verdicts as a table."""

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


def in_one_line(found: Sequence[Comparison]) -> str:
    """The outcome as a sentence: the gravest thing, and where it was first seen."""
    verdicts = [(each.variant, verdict) for each in found for verdict in each.verdicts]
    code = exit_code(found)
    wanted = {exit_codes.DIVERGES: "diverges", exit_codes.CRASHED: "crashed", exit_codes.UNVERIFIED: "unverified"}
    grave = wanted.get(code, "interrupted")
    found_so = [(variant, v) for variant, v in verdicts if v.status == grave]
    if found_so:
        # Of one variant and rung, the check that says at which step it first happened.
        variant, v = found_so[0]
        alike = [other for name, other in found_so if (name, other.rung) == (variant, v.rung)]
        v = min(alike, key=lambda each: np.inf if each.step is None else each.step)
        of = f"{variant}, " if variant else ""
        at = f" at {v.worst_index}" if v.worst_index else ""
        return f"{WORD[code]} first at {of}{v.rung}, {v.subject}{at}: {v.cause}{_nearer(v)}"
    agreed = dict.fromkeys(v.rung for _, v in verdicts if v.status in ("agrees", "known"))
    refused = [v.cause for _, v in verdicts if v.status == "unsupported"]
    if refused:
        return f"UNSUPPORTED: {refused[0]}"
    pairs = dict.fromkeys(one.pair.name for each in found for one in each.compared)
    equal = all(one.all_equal for each in found for one in each.compared)
    how = "; all that both recorded is equal bit for bit" if equal else ""
    return f"AGREES: {', '.join(pairs)} of A and of B, on {', '.join(agreed)}{how}"


def _nearer(verdict: Verdict) -> str:
    if verdict.nearer in ("", "both alike"):
        return ""
    return f"; {verdict.nearer} is nearer to the reference"


def exit_code(found: Sequence[Comparison]) -> int:
    return outcome.exit_code([verdict for each in found for verdict in each.verdicts], [])


def write_records(found: Sequence[Comparison], folder: Path) -> None:
    """`verdicts.parquet`, with a column `variant` where studies were compared."""
    is_study = any(each.variant for each in found)
    columns = (("variant",) if is_study else ()) + VERDICT_COLUMNS
    rows: list[dict[str, Any]] = [
        {"variant": each.variant, **verdict.model_dump()} for each in found for verdict in each.verdicts
    ]
    write_parquet(folder / "verdicts.parquet", rows, columns)
