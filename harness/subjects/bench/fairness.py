"""In what the arms of a bench differ that makes their times those of different work: threads, precision, device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.spec.arm import Arm
from harness.subjects.bench.summary import RowSummary


def differences(rows: Sequence[RowSummary], arms: Sequence[Arm]) -> Iterator[str]:
    """A sentence for each in which rows differ, with the rows by its value.

    Threads and devices are those that the processes reported, not those that were asked for; what was not reported is
    not held against a row.
    """
    by_name = {arm.name: arm for arm in arms}
    found: dict[str, dict[str, list[str]]] = {"threads": {}, "precision": {}, "device": {}}
    for row in rows:
        for what, value in _of(row, by_name.get(row.row.arm)).items():
            if value:
                found[what].setdefault(value, []).append(row.row.name)
    for what, by_value in found.items():
        if len(by_value) > 1:
            listed = "; ".join(f"{value}: {', '.join(names)}" for value, names in by_value.items())
            yield f"the rows differ in {what}, so that their ratios are not of the framework alone: {listed}"


def _of(row: RowSummary, arm: Arm | None) -> dict[str, str]:
    reported = row.processes[0].environment if row.processes else {}
    return {
        "threads": str(reported.get("threads") or ""),
        "precision": arm.precision if arm is not None else "",
        "device": str(reported.get("device") or ""),
    }
