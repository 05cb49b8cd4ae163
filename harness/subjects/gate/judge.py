"""The rows of a gate: parity, accuracy, speed, and the drift since the oldest comparable baseline."""

from __future__ import annotations

from collections.abc import Iterator

from harness.records.gate import Gate
from harness.records.timing import CONTROL
from harness.subjects.gate.accuracy import accuracy_rows
from harness.subjects.gate.comparable import changed
from harness.subjects.gate.parity import parity_rows
from harness.subjects.gate.side import Side
from harness.subjects.gate.speed import control_evidence, speed_rows

NO_DRIFT = "the error rates are those of processes in one invocation; what the machine did between two is not in them"


def judge(head: Side, base: Side, oldest: Side | None = None) -> Gate:
    """The gate of a head against a base that can be compared (`comparable.refusals`)."""
    drift = speed_rows(head, oldest, "drift") if oldest is not None else []
    return Gate(
        head=str(head.folder),
        base=str(base.folder),
        oldest=str(oldest.folder) if oldest is not None else "",
        changed=tuple(changed(head, base)),
        notes=tuple(_notes(head, base)),
        rows=(*parity_rows(head, base), *accuracy_rows(head, base), *speed_rows(head, base), *drift),
    )


def _notes(head: Side, base: Side) -> Iterator[str]:
    if CONTROL in head.step_s and CONTROL in base.step_s:
        found = control_evidence(head, base)
        yield f"the control took {found.ratio:.3f} times as long as in the base"
        yield NO_DRIFT
    if head.timings is None and base.timings is None:
        yield "neither side has timings, so that no speed was judged"
