"""A gate: its rows from the folders that it held against each other; a baseline: its numbers from its records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from harness.records.gate import Gate
from harness.results.baselines import BASELINE, RUN, Baseline
from harness.results.files import UnreadableError, read_object, read_spec
from harness.results.marker import MARKER, digest_of
from harness.scenarios.gate.start import GATE
from harness.scenarios.gate.store import fields_of
from harness.scenarios.verify.bench import bench_checks
from harness.scenarios.verify.check import Check, field_differences, held, unreadable
from harness.scenarios.verify.whole import Pages, marker_check, page_checks, state_checks
from harness.subjects.gate.in_turns import judge_in_turns, sides_of
from harness.subjects.gate.judge import judge
from harness.subjects.gate.side import Side, SideError, read_side

SIDES = "its head and its base"


def gate_checks(folder: Path, pages: Pages) -> list[Check]:
    """The checks of a gate. Two recorded folders must be where they were; a bench of both is in the gate's folder."""
    checks = state_checks(folder, "gate")
    if broken := unreadable(GATE, lambda: _read(folder)):
        checks += broken
        return [*checks, *page_checks(folder, pages, checks)]
    gate = _read(folder)
    if gate.bench:
        checks += held(GATE, "its bench", lambda: _differences_in_turns(folder, gate))
        checks += [check.below(gate.bench) for check in bench_checks(folder / gate.bench, pages)]
    else:
        checks += _checks_of_sides(gate)
    checks += marker_check(folder, gate.exit_code, gate.sentence)
    return [*checks, *page_checks(folder, pages, checks)]


def _checks_of_sides(gate: Gate) -> Iterator[Check]:
    gone = [place for place in (gate.head, gate.base, gate.oldest) if place and not Path(place).is_dir()]
    if gone:
        yield Check(GATE, SIDES, "unverified", f"cannot be recomputed: {gone[0]} is not there (any more)")
    else:
        yield from held(GATE, SIDES, lambda: _gate_differences(gate))


def _read(folder: Path) -> Gate:
    return read_spec(folder / GATE, Gate, "gate")


def _side(place: str) -> Side:
    try:
        return read_side(Path(place))
    except SideError as error:
        raise UnreadableError(f"{place}: {error}") from None


def _gate_differences(gate: Gate) -> Iterator[str]:
    head, base, oldest = _side(gate.head), _side(gate.base), _side(gate.oldest) if gate.oldest else None
    with np.errstate(all="ignore"):
        expected = judge(head, base, oldest)
    yield from _record_differences(gate, expected)


def _differences_in_turns(folder: Path, gate: Gate) -> Iterator[str]:
    try:
        head, base = sides_of(folder / gate.bench)
    except SideError as error:
        raise UnreadableError(f"{gate.bench}: {error}") from None
    with np.errstate(all="ignore"):
        expected = judge_in_turns(head, base, gate.bench)
    yield from _record_differences(gate, expected)


def _record_differences(gate: Gate, expected: Gate) -> Iterator[str]:
    yield from field_differences(gate.model_dump(exclude={"rows"}), expected.model_dump(exclude={"rows"}))
    recorded = {(row.check, row.subject): row.model_dump() for row in gate.rows}
    follows = {(row.check, row.subject): row.model_dump() for row in expected.rows}
    for check, subject in dict.fromkeys([*recorded, *follows]):
        one, other = recorded.get((check, subject)), follows.get((check, subject))
        if one is None or other is None:
            yield f"row {subject} ({check}) {'follows, and is not there' if one is None else 'follows from nothing'}"
        else:
            yield from (f"row {subject} ({check}): {text}" for text in field_differences(one, other))


def baseline_checks(folder: Path, run_checks: Callable[[Path], list[Check]]) -> list[Check]:
    """The checks of a baseline, and of its records. `run_checks`: those of a folder of any kind, without its pages."""
    of_run = [check.below(RUN) for check in run_checks(folder / RUN)]
    return [*held(BASELINE, "its records", lambda: _baseline_differences(folder)), *of_run]


def _baseline_differences(folder: Path) -> Iterator[str]:
    record = read_spec(folder / BASELINE, Baseline, "baseline")
    expected = {
        **fields_of(_side(str(folder / RUN))),
        "name": folder.name,
        "experiment": folder.parent.name,
        "marker": digest_of(folder / RUN / MARKER),
    }
    yield from field_differences(record.model_dump(), expected)
    if record.saved < str(read_object(folder / RUN / MARKER).get("ended")):
        yield f"saved is {record.saved}, before its run ended"
