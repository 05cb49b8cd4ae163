"""The rows of a folder's rungs, counted from its table of verdicts."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from harness.results.catalogue.columns import RUNG
from harness.results.catalogue.records import Records, real, text
from harness.results.kinds import VERDICTS

COLUMNS = ["rung", "subject", "status", "error_over_tolerance", "worst_index", "cause"]
REQUIRED = ("rung", "subject", "status")


def verdict_rows(records: Records) -> list[dict[str, Any]]:
    """The verdicts of a folder with the columns `COLUMNS`; none where there is no such table, or it is damaged."""
    table: pa.Table | None = records.table(VERDICTS, COLUMNS)
    if table is None:
        return []
    if missing := [name for name in REQUIRED if name not in table.column_names]:
        records.problems.append(f"{VERDICTS} has no column {', '.join(missing)}")
        return []
    return list(table.to_pylist())


def rung_rows(verdicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each rung, in the order in which the rungs came."""
    rows: dict[str, dict[str, Any]] = {}
    for verdict in verdicts:
        name, status = text(verdict["rung"]), text(verdict["status"])
        row = rows.setdefault(name, dict.fromkeys(RUNG, 0) | EMPTY | {"rung": name})
        row["checks"] += 1
        if status in RUNG:
            row[status] += 1
        place = ", ".join(filter(None, (text(verdict["subject"]), text(verdict.get("worst_index")))))
        share = real(verdict.get("error_over_tolerance"))
        if share is not None and (row["worst_share"] is None or share > row["worst_share"]):
            row["worst_share"], row["worst"] = share, place
        if status == "diverges" and not row["first_divergence"]:
            row["first_divergence"] = "; ".join(filter(None, (place, text(verdict.get("cause")))))
    return list(rows.values())


EMPTY: dict[str, Any] = {"worst_share": None, "worst": "", "first_divergence": ""}
