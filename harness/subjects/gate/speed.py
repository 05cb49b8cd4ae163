"""Speed: each row over the control of its round, and that over the same of the base.

A row is judged by its own base alone, so that one framework's getting faster is not another's getting slower. Where the
control itself is slower or faster than in the base, the machine has moved, and no row is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median

from harness.records.failure import Failure
from harness.records.gate import Check, GateRow, GateStatus
from harness.records.timing import CONTROL
from harness.subjects.gate.comparable import other_machine, other_settings
from harness.subjects.gate.side import Side
from harness.timing.drift import change, change_within
from harness.timing.intervals import Interval, ratio_interval, ratio_interval_apart
from harness.timing.power import processes_needed
from harness.timing.slowdown import ALPHA, SLOWDOWN, Answer, Evidence, answers, evidence, fewest_processes
from harness.timing.turns import evidence_in_turns

ByRow = Mapping[str, Mapping[int, float]]
UNKNOWN = "more than 40 processes of each row would decide: the machine is too noisy"


@dataclass(frozen=True)
class _Compared:
    """`why`: the reason for which the row is not judged; empty where it is."""

    name: str
    head: Sequence[float]
    base: Sequence[float]
    found: Evidence
    why: str = ""


def speed_rows(head: Side, base: Side, check: Check = "speed") -> list[GateRow]:
    """A row for each row of either bench; empty where neither side has one."""
    return _rows(head, base, check, _why_none(head, base), is_last_look=True, in_turns=False)


def speed_rows_in_turns(head: Side, base: Side, is_last_look: bool) -> list[GateRow]:
    """The same of a head and a base that were timed in the same rounds: a machine that moves, moves both."""
    whole = "" if head.step_s.get(CONTROL) else "no control was timed"
    return _rows(head, base, "speed", whole, is_last_look, in_turns=True)


def _rows(head: Side, base: Side, check: Check, whole: str, is_last_look: bool, in_turns: bool) -> list[GateRow]:
    """`whole`: why no row is judged; empty where rows can be."""
    names = dict.fromkeys(row.name for side in (base, head) if side.bench for row in side.bench.rows)
    compared = [_compared(name, head, base, whole, in_turns) for name in names]
    judged = [row for row in compared if not row.why]
    found = answers([row.found for row in judged], is_last_look)
    by_name = dict(zip((row.name for row in judged), found, strict=True))
    return [
        _judged(row, by_name[row.name], len(judged), head, base, check)
        if row.name in by_name
        else _not_judged(row, head, check)
        for row in compared
    ]


def over_control(step_s: ByRow, row: str) -> list[float]:
    """The median step of a row over that of the control, of each round that has both. `step_s`: by row and round."""
    control = step_s.get(CONTROL, {})
    times = step_s.get(row, {})
    return [times[number] / control[number] for number in sorted(times) if number in control]


def control_evidence(head: Side, base: Side) -> Evidence:
    """How the control's time changed from the base to the head."""
    return evidence(_control_s(head), _control_s(base))


def _control_s(side: Side) -> list[float]:
    """The control's times in the order of the rounds."""
    by_round = side.step_s.get(CONTROL, {})
    return [by_round[number] for number in sorted(by_round)]


def _why_none(head: Side, base: Side) -> str:
    """Why no row is judged; empty where rows can be."""
    for name, side in (("head", head), ("base", base)):
        if side.timings is None:
            return f"the {name} has no timings; give the folder of a twinrun bench"
        if not side.step_s.get(CONTROL):
            return f"the {name} timed no control"
        if (moved := change_within(_control_s(side))) != 1:
            return f"the machine moved while the {name} was timed: its control ended {moved:.3f} times as long"
    if why := other_machine(head, base):
        return why
    moved = change(_control_s(head), _control_s(base))
    return f"the machine moved: the control took {moved:.3f} times as long as in the base" if moved != 1 else ""


def _compared(name: str, head: Side, base: Side, whole: str, in_turns: bool) -> _Compared:
    ours, theirs = over_control(head.step_s, name), over_control(base.step_s, name)
    found = evidence_in_turns(ours, theirs) if in_turns else evidence(ours, theirs)
    return _Compared(name, ours, theirs, found, whole or _why_not(name, head, base))


def _why_not(name: str, head: Side, base: Side) -> str:
    """Why this row is not judged; empty where it is."""
    assert head.bench is not None
    assert base.bench is not None  # else no row is judged
    rows = [next((row for row in side.bench.rows if row.name == name), None) for side in (head, base) if side.bench]
    for side, row in zip(("head", "base"), rows, strict=True):
        if row is None:
            return f"the {side} has no such row"
        if row.credit is None or not row.credit.is_given:
            return (
                f"its time does not count: parity of the {side} is {row.credit.status if row.credit else 'not known'}"
            )
    if not base.step_s.get(name) and (failure := _failure(name, base)):
        return f"its base failed: {failure}"
    first = rows[0]
    return other_settings(head, base, first.arm) if first is not None else ""


def _not_judged(row: _Compared, head: Side, check: Check) -> GateRow:
    status: GateStatus = "crashed" if _failure(row.name, head) else "unverified"
    return GateRow(check=check, subject=row.name, status=status, cause=row.why)


def _failure(name: str, side: Side) -> Failure | None:
    """Of a process of the row, where one failed."""
    processes = side.timings.processes if side.timings is not None else ()
    return next((p.failure for p in processes if p.row == name and p.failure), None)


def _interval(row: _Compared) -> Interval:
    if not row.found.in_turns:
        return ratio_interval_apart(row.head, row.base)
    return ratio_interval(dict(enumerate(row.head)), dict(enumerate(row.base)))


def _judged(row: _Compared, answer: Answer, family: int, head: Side, base: Side, check: Check) -> GateRow:
    found = row.found
    interval = _interval(row)
    fewest = fewest_processes(family, found.in_turns)
    needed = processes_needed(found.spread, family, in_turns=found.in_turns) if answer == "undecided" else None
    cause = f"{found.ratio:.3f} times its base"
    if isfinite(interval.low) and isfinite(interval.high):
        cause += f" ({interval.low:.3f} to {interval.high:.3f})"
    if answer == "not slower":
        cause += f"; a slowdown of {SLOWDOWN:.0%} is excluded"
    elif answer == "undecided":
        few = min(found.head_processes, found.base_processes)
        short = f"{few} of each side cannot show a slowdown at p = {ALPHA:g}, {fewest} can"
        reasons = [short] if few < fewest else []
        if needed:
            reasons.append(f"{needed} of each side would decide at this spread")
        elif isfinite(found.spread):
            reasons.append(UNKNOWN)
        cause = "; ".join([cause, *reasons])
    status: GateStatus = answer
    if failure := _failure(row.name, head):
        status, cause = "crashed", f"{failure}; before that {cause}" if row.head and row.base else str(failure)
    times = [median(side.step_s[row.name].values()) if row.name in side.step_s else None for side in (head, base)]
    return GateRow(
        check=check,
        subject=row.name,
        status=status,
        cause=cause,
        ratio=found.ratio,
        low=interval.low,
        high=interval.high,
        p_slower=found.p_slower,
        p_below=found.p_below,
        spread=found.spread,
        head_processes=found.head_processes,
        base_processes=found.base_processes,
        needed=needed,
        head_s=times[0],
        base_s=times[1],
    )
