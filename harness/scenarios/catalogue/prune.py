"""Removes old runs: those that all conditions mean, but none that something else rests on.

Kept, whatever is asked for: a baseline and the run that it was copied from; a folder that a comparison, a gate or a
bench refers to, unless that is removed as well; a run whose process is alive on this host, or whose process on another
host may be.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from harness.results.baselines import BASELINE
from harness.results.catalogue.roots import CATALOGUE, LocalRoot
from harness.results.claim import is_running
from harness.results.marker import MARKER
from harness.scenarios.catalogue.asking import Asked, age, all_of, selection
from harness.scenarios.catalogue.mistakes import refuse
from harness.system.writing import as_disk_failure

BASELINES = "baselines"
TRASH = ".trash"  # in the folder of the index: what is being removed, under names that no reader looks at
UNKNOWN_HOST = timedelta(days=2)  # so long an unfinished run of another host may still be running
CONDITIONS = ("older_than", "keep")


@dataclass(frozen=True)
class Candidate:
    """A folder that the conditions mean. `kept_for`: why it is kept all the same; empty where it is removed."""

    place: str
    folder: Path
    size_bytes: int
    row: Mapping[str, Any]
    kept_for: str = ""


def candidates(request: Asked) -> list[Candidate]:
    """The folders that all conditions mean, the oldest first. Raises UserMistake where no condition is given."""
    root = request.root
    if not isinstance(root, LocalRoot):
        refuse([f"root={root.shown}: runs are removed from folders of this machine only"])
    choice = request.choice
    named = any((choice.experiment, choice.arm, choice.version, choice.status, choice.verdict, choice.kind))
    if not (named or request.where or request.further or choice.since or choice.until):
        refuse(["give a condition, such as older_than=30d, keep=10 or status=unfinished; see twinrun prune --help"])
    catalogue = all_of(request)
    rows = [row for row in selection(request, catalogue).to_pylist() if not row["study"]]
    rows = _without_newest(_old(rows, request.further.get("older_than")), catalogue.table.to_pylist(), request)
    references = _references(root.path, catalogue.table.to_pylist())
    places = {row["run"] for row in rows}
    reasons = {row["run"]: _reason(root.path, row) for row in rows}
    # What is kept keeps what it refers to, until nothing changes.
    while True:
        removed = {place for place in places if not reasons[place]}
        held = {
            place: f"{by} refers to it"
            for by, targets in references.items()
            if by not in removed
            for place in targets & removed
            if place != by
        }
        if not held:
            break
        reasons |= held
    return [_candidate(root.path, row, reasons[row["run"]]) for row in rows]


def _candidate(root: Path, row: Mapping[str, Any], reason: str) -> Candidate:
    folder = root / row["run"]
    return Candidate(row["run"], folder, _size(folder), row, reason)


def _old(rows: Sequence[Mapping[str, Any]], older_than: str | None) -> list[Mapping[str, Any]]:
    if older_than is None:
        return list(rows)
    latest = datetime.now(timezone.utc).replace(tzinfo=None) - age(older_than)
    return [row for row in rows if row["created"] is not None and row["created"] < latest]


def _without_newest(
    rows: Sequence[Mapping[str, Any]], everything: Sequence[Mapping[str, Any]], request: Asked
) -> list[Mapping[str, Any]]:
    """The rows without the newest `keep` complete runs of each experiment, whichever the other conditions mean."""
    if "keep" not in request.further:
        return list(rows)
    count = int(request.further["keep"])
    newest: dict[str, list[str]] = {}
    for row in sorted(everything, key=lambda row: row["created"] or datetime.min, reverse=True):
        if not row["study"] and row["status"] == "complete":
            newest.setdefault(row["experiment"], []).append(row["run"])
    kept = {place for places in newest.values() for place in places[:count]}
    return [row for row in rows if row["run"] not in kept]


def _reason(root: Path, row: Mapping[str, Any]) -> str:
    """Why the run is kept for itself; empty where nothing speaks for it."""
    folder = root / row["run"]
    if row["run"].partition("/")[0] == BASELINES or any(folder.rglob(BASELINE)):
        return "it is a baseline"
    if is_running(folder):
        return "it is running"
    if row["status"] == "unfinished" and _may_run_elsewhere(row):
        return f"it is unfinished, and its process on {row['host']} may be running"
    return "it is a link" if folder.is_symlink() else ""


def _may_run_elsewhere(row: Mapping[str, Any]) -> bool:
    import socket

    created = row["created"]
    is_recent = created is None or datetime.now(timezone.utc).replace(tzinfo=None) - created < UNKNOWN_HOST
    return bool(row["host"] and row["host"] != socket.gethostname() and is_recent)


def _references(root: Path, rows: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
    """By run or baseline, the top folders of the catalogue that it refers to."""
    absolute = {os.path.realpath(root / row["run"]): row["study"] or row["run"] for row in rows}
    found: dict[str, set[str]] = {}
    for row in rows:
        # A folder may have been named from where the command was run.
        paths = {os.path.realpath(base / path) for path in row["refers_to"] for base in (Path(), root.parent)}
        found[row["study"] or row["run"]] = {absolute[path] for path in paths if path in absolute}
    for baseline in root.glob(f"{BASELINES}/*/*/{BASELINE}"):
        found[str(baseline.parent.relative_to(root))] = _sources(baseline, absolute)
    return found


def _sources(baseline: Path, absolute: Mapping[str, str]) -> set[str]:
    from harness.results.objects import NOT_READ, read_object

    try:
        source = os.path.realpath(str(read_object(baseline)["source"]))
    except NOT_READ:
        return set(absolute.values())  # of a baseline that cannot be read, any run may be the source
    return {absolute[source]} if source in absolute else set()


def remove(candidate: Candidate, root: Path) -> None:
    """Removes a folder: first by one rename out of the catalogue, so that a kill leaves no part that looks whole.

    Raises CannotWriteError where the disk does not let it.
    """
    trash = root / CATALOGUE / TRASH
    try:
        trash.mkdir(parents=True, exist_ok=True)
        name = f"{candidate.folder.name}-{secrets.token_hex(4)}"
        candidate.folder.rename(trash / name)
        with_marker = trash / name / MARKER
        with_marker.unlink(missing_ok=True)
        shutil.rmtree(trash / name)
    except OSError as error:
        raise (as_disk_failure(error, candidate.folder) or error) from error


def empty_trash(root: Path) -> None:
    """Removes what a removal that was killed has left."""
    shutil.rmtree(root / CATALOGUE / TRASH, ignore_errors=True)


def _size(folder: Path) -> int:
    """The bytes of all files in a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
