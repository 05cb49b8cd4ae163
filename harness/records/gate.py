"""What a gate decides: a row for each check, its answer, and the exit code of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import ConfigDict

from harness.records.exit_codes import AGREES, CRASHED, DIVERGES, SLOWER, UNDECIDED, UNVERIFIED
from harness.spec.base import Spec

# `parity`: an arm against the reference, as the ladder judged it. `accuracy`: of an arm against its base. `speed`: the
# same, of its time. `drift`: of its time against the oldest comparable baseline.
Check = Literal["parity", "accuracy", "speed", "drift"]
GateStatus = Literal[
    "agrees", "not lower", "not slower", "diverges", "lower", "slower", "undecided", "unverified", "crashed"
]
PASSED: tuple[GateStatus, ...] = ("agrees", "not lower", "not slower")
# From the gravest; a status that is not listed passes.
GRAVEST: tuple[tuple[GateStatus, int], ...] = (
    ("crashed", CRASHED),
    ("diverges", DIVERGES),
    ("lower", DIVERGES),
    ("slower", SLOWER),
    ("unverified", UNVERIFIED),
    ("undecided", UNDECIDED),
)


class GateRow(Spec):
    """One check of one row.

    Of a speed: `ratio` of head to base, both over the control, with its interval from `low` to `high`; `p_slower` and
    `p_below` of the two tests of `harness.timing.slowdown`; the `spread` of the processes; how many `processes` each
    side has and how many are `needed` to decide; `head_s` and `base_s`, seconds of a step, where the machine is the
    same. Of an accuracy `ratio` is empty, and `difference` is head minus base, with its interval.
    """

    model_config = ConfigDict(allow_inf_nan=True)

    check: Check
    subject: str
    status: GateStatus
    cause: str = ""
    ratio: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_slower: float | None = None
    p_below: float | None = None
    spread: float | None = None
    head_processes: int | None = None
    base_processes: int | None = None
    needed: int | None = None
    head_s: float | None = None
    base_s: float | None = None


class SideVersions(Spec):
    """One thing that runs head and base, and which each has: `what` is a package, or `source`, `code`, `python` of
    twinrun itself. `row`: the row that runs it; empty for all."""

    row: str = ""
    what: str
    head: str
    base: str


class Gate(Spec):
    """The record of a gate. `head`, `base`, `oldest`: the folders; `changed`: what differs between head and base that
    may, such as the versions of frameworks. `notes`: what the machine did, and what was not judged, in words.

    `bench`: of a gate that timed head and base in turns, the folder of their bench in that of the gate; empty for one
    of two recorded folders. Then `head` and `base` are the interpreters, and `versions` is what they run.
    """

    schema_version: Literal[1] = 1
    head: str
    base: str
    oldest: str = ""
    bench: str = ""
    versions: tuple[SideVersions, ...] = ()
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rows: tuple[GateRow, ...] = ()

    @property
    def exit_code(self) -> int:
        return gate_exit_code(self.rows)

    @property
    def sentence(self) -> str:
        return in_one_line(self.rows)


def gate_exit_code(rows: Sequence[GateRow]) -> int:
    """The exit code of the gravest status. A gate without a row that passed decides nothing."""
    statuses = {row.status for row in rows}
    for status, code in GRAVEST:
        if status in statuses:
            return code
    return AGREES if statuses else UNVERIFIED


def in_one_line(rows: Sequence[GateRow]) -> str:
    """The gravest status with its rows, or what passed."""
    for status, _ in GRAVEST:
        if found := [row for row in rows if row.status == status]:
            return f"{status.upper()}: {'; '.join(_in_words(row) for row in found)}"
    if not rows:
        return "UNVERIFIED: nothing was judged"
    counts = {check: sum(row.check == check for row in rows) for check in ("parity", "accuracy", "speed", "drift")}
    return f"PASSED: {', '.join(f'{check} of {count}' for check, count in counts.items() if count)}"


def _in_words(row: GateRow) -> str:
    return f"{row.subject} ({row.check}): {row.cause}" if row.cause else f"{row.subject} ({row.check})"
