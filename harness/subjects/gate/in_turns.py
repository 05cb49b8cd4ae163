"""A head and its base that were timed in turns: the two sides of one bench, and how many rounds these take.

Each row of the head is held against its own base over the rounds that have both, each over the control of its round.
Both were timed in the same rounds, so a machine that changes over the rounds changes both alike: unlike two benches,
which were timed one after the other, they are judged all the same, and what is left of the change is spread.

At the first look, after `processes` rounds, a gate ends if every row is found not slower. If not, more rounds are timed
and pooled with the first: as many as the spread of the first needs, at least as many again, at most `MOST_PROCESSES` in
all. `slower` is said at this last look alone (`harness.timing.slowdown`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.records.gate import Gate, SideVersions
from harness.records.timing import CONTROL, Bench, Ended, Row
from harness.records.verdict import Verdict
from harness.results.files import NOT_READ, read_verdicts
from harness.results.recorded import VERDICTS
from harness.results.timings import BASE_CHECK, CHECK, Timings
from harness.subjects.bench.control import Control
from harness.subjects.bench.outcome import ENDED
from harness.subjects.gate.parity import parity_rows
from harness.subjects.gate.side import Side, SideError, bench_side, credit_verdicts
from harness.subjects.gate.speed import over_control, speed_rows_in_turns
from harness.timing.power import MOST_PROCESSES, processes_needed
from harness.timing.slowdown import Evidence, answers
from harness.timing.turns import evidence_in_turns

FIRST_LOOK: Ended = "first look"
NO_ACCURACY = (
    "accuracy is not judged: neither side was trained to its end; gate the folders of two `twinrun match` runs for that"
)


def sides_of(folder: Path) -> tuple[Side, Side]:
    """Head and base of a bench that timed both. Raises SideError where it is damaged, unfinished, or did not."""
    whole = bench_side(folder)
    if whole.timings is None or whole.timings.bench.base is None:
        raise SideError(["no base was timed in it"])
    return _side(whole, whole.timings, is_base=False), _side(whole, whole.timings, is_base=True)


def _side(whole: Side, timings: Timings, is_base: bool) -> Side:
    part = part_of(timings, is_base)
    names = {(base if is_base else head).name: head.name for head, base in timings.bench.pairs}
    versions = {names[name]: found for name, found in whole.versions.items() if name in names}
    verdicts = _verdicts(whole.folder, BASE_CHECK if is_base else CHECK, part.bench.rows)
    return replace(whole, verdicts=verdicts, accuracies={}, versions=versions, timings=part)


def part_of(timings: Timings, is_base: bool) -> Timings:
    """The head's part of a bench, or the base's, both by the names of the head's rows, and the control.

    Of processes that did not fail it has those of the rounds in which the other side has one too.
    """
    bench = timings.bench
    names = {(base if is_base else head).name: head.name for head, base in bench.pairs}
    shared = {head.name: _rounds(timings, head) & _rounds(timings, base) for head, base in bench.pairs}
    processes = tuple(
        process if process.is_control else process.model_copy(update={"row": names[process.row]})
        for process in timings.processes
        if process.is_control
        or (process.row in names and (process.failure or process.round in shared[names[process.row]]))
    )
    rows = tuple(row.model_copy(update={"name": names[row.name]}) for row in bench.rows if row.name in names)
    return replace(timings, bench=bench.model_copy(update={"rows": rows}), processes=processes)


def _rounds(timings: Timings, row: Row) -> set[int]:
    return {process.round for process in timings.of_row(row.name)}


def _verdicts(folder: Path, place: str, rows: Sequence[Row]) -> list[Verdict]:
    """The verdicts of the ladder, and the credit of loops that users type; without a ladder the credit of all rows."""
    loops = list(credit_verdicts(row for row in rows if row.loop))
    stated = [row.credit.source for row in rows if not row.loop and row.credit is not None and row.credit.source]
    if not stated:
        return list(credit_verdicts(rows))
    source = next((path for path in (folder / place, Path(stated[0])) if (path / VERDICTS).is_file()), None)
    if source is None:
        raise SideError([f"the verdicts on which its parity rests are gone: {stated[0]}"])
    try:
        return [*read_verdicts(source / VERDICTS), *loops]
    except NOT_READ as error:
        raise SideError([f"{source}: {' '.join(str(error).split())[:200]}"]) from None


@dataclass
class Looks:
    """When a gate ends. `first`: the rounds of its first look; `last`: those of the last one, known after the first."""

    first: int
    last: int | None = None

    def why_ended(
        self, timings: Timings, rounds: int, *, elapsed_s: float, round_s: float, budget_s: float
    ) -> Ended | None:
        """Why no other round begins after `rounds` of them; None where one does. A budget may end it at any round."""
        if rounds >= self.first:
            if self.last is None:
                self.last = rounds_to_time(timings, self.first)
            if rounds >= self.last:
                return FIRST_LOOK if is_cleared(timings) and self.last == self.first else "last look"
        return "budget" if elapsed_s + round_s > budget_s else None


def rounds_to_time(timings: Timings, first: int) -> int:
    """The rounds of a gate by those of its first look, which may be more by now: `first` itself if it clears all."""
    early = replace(timings, processes=tuple(p for p in timings.processes if p.round < first))
    if is_cleared(early):
        return first
    found = _evidence(early)
    needed = [processes_needed(row.spread, len(found), in_turns=True) or MOST_PROCESSES for row in found]
    return max(first, min(MOST_PROCESSES, max([2 * first, *needed])))


def is_cleared(timings: Timings) -> bool:
    """Whether a look that is not the last finds every row not slower. A row that is not judged has no say."""
    return all(answer == "not slower" for answer in answers(_evidence(timings), is_last_look=False))


def _evidence(timings: Timings) -> list[Evidence]:
    """Of each row that parity lets count on both sides and of which no process failed."""
    failed = {process.row for process in timings.processes if process.failure}
    head, base = part_of(timings, is_base=False), part_of(timings, is_base=True)
    return [
        evidence_in_turns(over_control(head.step_s, row.name), over_control(base.step_s, row.name))
        for row, other in timings.bench.pairs
        if all(side.credit is not None and side.credit.is_given and side.name not in failed for side in (row, other))
    ]


def judge_in_turns(head: Side, base: Side, place: str) -> Gate:
    """The gate of two sides of one bench. `place`: the folder of the bench in that of the gate."""
    bench = head.bench
    assert bench is not None
    return Gate(
        head=str(bench.head),
        base=str(bench.base),
        bench=place,
        versions=tuple(_versions(head, base, bench)),
        notes=tuple(_notes(head, bench)),
        rows=(*parity_rows(head, base), *speed_rows_in_turns(head, base, bench.ended != FIRST_LOOK)),
    )


def _notes(head: Side, bench: Bench) -> Iterator[str]:
    why = f": {ENDED[bench.ended]}" if bench.ended is not None else ""
    yield f"head and base were timed in turns, in {bench.rounds} rounds{why}"
    if head.timings is not None and head.step_s.get(CONTROL):
        control = Control.of(head.timings)
        yield control.in_words + ("; this slows head and base alike" if control.has_moved else "")
    yield NO_ACCURACY


def _versions(head: Side, base: Side, bench: Bench) -> Iterator[SideVersions]:
    """What runs each side: twinrun, its source, the program; then the packages of each row."""
    if bench.head is not None and bench.base is not None:
        for what in ("twinrun", "source", "code", "python"):
            yield SideVersions(what=what, head=getattr(bench.head, what), base=getattr(bench.base, what))
    for row in dict.fromkeys([*head.versions, *base.versions]):
        now, then = head.versions.get(row, {}), base.versions.get(row, {})
        for package in dict.fromkeys([*now, *then]):
            yield SideVersions(row=row, what=package, head=now.get(package, ""), base=then.get(package, ""))
