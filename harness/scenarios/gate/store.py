"""Baselines: saved once, found for a run, and moved only with two invocations that agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from harness.composition.mistakes import UserMistake, no_such
from harness.results.baselines import BASELINE, Baseline, BaselineError, Baselines, ended_at, started_at
from harness.results.marker import MARKER, digest_of
from harness.subjects.gate.comparable import other_machine, refusals
from harness.subjects.gate.side import Side, SideError, read_side
from harness.subjects.gate.speed import speed_rows

APART = timedelta(hours=2)  # between the end of one invocation and the start of the other that moves a baseline
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def side_of(folder: Path) -> Side:
    """What a folder recorded. Raises UserMistake where it cannot be a side of a gate."""
    if not folder.is_dir():
        raise UserMistake([f"{folder}: there is no such folder"])
    try:
        return read_side(folder)
    except SideError as error:
        raise UserMistake([f"{folder}: {reason}" for reason in error.reasons]) from None


def comparable(store: Baselines, head: Side) -> list[tuple[Baseline, Side]]:
    """The baselines that a run can be held against, on a machine of its kind, the oldest first.

    Raises UserMistake where one of its experiment is damaged: it may be the oldest, against which a drift would show.
    """
    found = []
    for name, folder in store.folders().items():
        if folder.parent.name != head.experiment.name:
            continue
        named(store, name)
        record, side = store.read(name), side_of(store.run_of(name))
        if not refusals(head, side) and not other_machine(head, side) and _is_bench(side) == _is_bench(head):
            found.append((record, side))
    return found


def _is_bench(side: Side) -> bool:
    return side.timings is not None


def named(store: Baselines, name: str) -> Path:
    """The folder with the records of the baseline of this name. Raises UserMistake where it is none, or damaged."""
    names = list(store.folders())
    if name not in names:
        raise UserMistake([no_such(f"{store.root} has no baseline {name!r}", name, names)])
    try:
        store.read(name)
    except BaselineError as error:
        raise UserMistake([str(error)]) from None
    return store.run_of(name)


def base_of(store: Baselines, head: Side, asked: str | None) -> Side:
    """The base of a gate: a folder or the name of a baseline, or by default the latest comparable baseline."""
    if asked is None:
        candidates = comparable(store, head)
        if not candidates:
            others = f"; it has {', '.join(store.folders())}, which are of other experiments, plans or machines"
            raise UserMistake(
                [
                    f"{store.root} has no baseline for {head.folder}{others if store.folders() else ''}; save one with "
                    f"`twinrun baseline save {head.folder}`, or name a folder with --baseline"
                ]
            )
        return candidates[-1][1]
    folder = Path(asked).expanduser()
    if (folder / BASELINE).is_file():
        folder = folder / "run"
    base = side_of(folder if folder.is_dir() else named(store, asked))
    if why := refusals(head, base):
        raise UserMistake([f"{base.folder} is no base for {head.folder}: {reason}" for reason in why])
    return base


def save(store: Baselines, run: Path) -> Baseline:
    """Saves the first baseline of what a folder is of. Raises UserMistake where there is one already."""
    side = side_of(run)
    if found := comparable(store, side):
        raise UserMistake(
            [
                f"{store.root} has the baseline {found[-1][0].name} for {run} already; move it with "
                f"`twinrun baseline move {run} RUN`, where RUN is another invocation, hours apart"
            ]
        )
    return store.add(run, side.experiment.name, fields_of(side))


def move(store: Baselines, first: Path, second: Path) -> Baseline:
    """Saves the later of two invocations as the baseline from now on. Raises UserMistake where they do not allow that.

    They must be two, `APART` hours apart, comparable, and each not slower than the other. The baselines before it stay.
    """
    sides = sorted((side_of(first), side_of(second)), key=lambda side: ended_at(side.folder))
    earlier, later = sides
    mistakes = [f"{earlier.folder} and {later.folder} cannot be compared: {why}" for why in refusals(later, earlier)]
    mistakes += _not_apart(earlier.folder, later.folder)
    found = comparable(store, later)
    if not found:
        mistakes.append(
            f"{store.root} has no baseline to move for {later.folder}; save one with `twinrun baseline save`"
        )
    if mistakes:
        raise UserMistake(mistakes)
    for one, other in ((later, earlier), (earlier, later)):
        unsure = [row for row in speed_rows(one, other) if row.status != "not slower"]
        mistakes += [f"{one.folder} against {other.folder}: {row.subject} {row.status}: {row.cause}" for row in unsure]
    if mistakes:
        raise UserMistake([*mistakes, "two invocations that differ, or do not decide, move no baseline"])
    confirmed = (str(earlier.folder.absolute()), digest_of(earlier.folder / MARKER))
    fields = {**fields_of(later), "moved_from": found[-1][0].name, "confirmed_by": confirmed}
    return store.add(later.folder, later.experiment.name, fields)


def _not_apart(earlier: Path, later: Path) -> list[str]:
    """Why two folders are not of invocations that are far enough apart; empty where they are."""
    if digest_of(earlier / MARKER) == digest_of(later / MARKER):
        return [f"{earlier} and {later} are the same invocation; give two"]
    end, start = ended_at(earlier), started_at(later)
    if not end or not start:
        return [f"when {earlier if not end else later} was recorded cannot be read"]
    between = datetime.strptime(start, _TIME) - datetime.strptime(end, _TIME)
    if between < APART:
        hours = f"{APART.total_seconds() / 3600:g} hours"
        return [f"{later} began {max(between, timedelta())} after {earlier} ended; it takes {hours} between them"]
    return []


def fields_of(side: Side) -> dict[str, object]:
    """The fields of the baseline of this side that follow from its records."""
    return {
        "ended": ended_at(side.folder),
        "protocol": side.bench.protocol if side.bench else None,
        "machine": side.bench.machine.model_dump() if side.bench and side.bench.machine else None,
        "step_s": _with_text_keys(side.step_s),
        "accuracies": _with_text_keys(side.accuracies),
    }


def _with_text_keys(table: Mapping[str, Mapping[int, float]]) -> dict[str, dict[str, float]]:
    return {name: {str(number): value for number, value in values.items()} for name, values in table.items()}
