"""Reads the catalogue of a results folder: its index, and the folders that the index does not have as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

from harness.results.catalogue.files import (
    NewerError,
    as_table,
    parse_file,
    remove,
    require_fitting,
    write_entry,
    write_table,
)
from harness.results.catalogue.roots import LocalRoot, Root
from harness.results.catalogue.rows import rows_of
from harness.results.catalogue.tables import take
from harness.results.objects import DAMAGE, UnreadableError

MOST_FILES = 200  # of the index, before they are compacted into one
MOST_IN_ENTRY = 50  # rows
DENIED = "Permission denied"
ATTEMPTS = 8  # at reading an index that others compact


@dataclass(frozen=True)
class Catalogue:
    """`table`: a row for each run, with the columns `SCHEMA`, in order of their creation.

    `problems`: the files of the index that are damaged, and why it could not be brought up to date, one clause each.
    """

    root: Root
    table: pa.Table
    problems: tuple[str, ...] = ()


@dataclass
class _Index:
    """What was read of the index. `entries`: rows by file. `names`: the files that were read, or are damaged."""

    tables: list[pa.Table] = field(default_factory=list)
    entries: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_damaged: bool = False

    @cached_property
    def table(self) -> pa.Table:
        """All rows. An entry that does not fit the columns is damaged; entries are only looked at singly if one is."""
        try:
            rows = as_table([row for entry in self.entries.values() for row in entry])
        except DAMAGE:
            for name in list(self.entries):
                try:
                    require_fitting(self.entries[name])
                except UnreadableError as error:
                    self.damage(name, error)
            rows = as_table([row for entry in self.entries.values() for row in entry])
        return pa.concat_tables([*self.tables, rows])

    def damage(self, name: str, error: Exception) -> None:
        """Leaves a file out, and says why."""
        self.entries.pop(name, None)
        self.problems.append(f"{name}: {error}; its rows are read from the folders")
        self.is_damaged = True


def read_catalogue(root: Root, rebuild: bool = False) -> Catalogue:
    """The catalogue of a results folder. Where it may be written to, the index is brought up to date.

    `rebuild`: reads every folder again. The index is read before the folders are listed, so that every row of it is of
    a folder that existed before: a row is dropped only if its folder is gone.
    """
    index = _read_index(root)
    stamps = root.stamps()
    table = index.table
    kept = [] if rebuild else _current(root, table, stamps)
    known = set(_own_places(table, kept))
    found = [row for place in sorted(set(stamps) - known) for row in _rows(root, place, stamps[place])]
    whole_table = pa.concat_tables([take(table, kept), as_table(found)])
    problems = list(index.problems)
    if isinstance(root, LocalRoot) and root.path.is_dir():
        problems += _bring_up_to_date(root, index, whole_table, found, rebuild)
    return Catalogue(root, whole_table.sort_by([("created", "ascending"), ("run", "ascending")]), tuple(problems))


def _read_index(root: Root) -> _Index:
    """All files of the index. Begins again where one has gone meanwhile: another process has compacted it."""
    for attempt in range(ATTEMPTS):
        index, is_last = _Index(), attempt == ATTEMPTS - 1
        for name in root.index_files():
            try:
                rows = parse_file(name, root.read(name))
            except FileNotFoundError:
                if is_last:  # its folders are read again
                    continue
                break
            except NewerError:
                index.problems.append(f"{name}: is of a newer twinrun, and is left out")
                continue
            except (OSError, UnreadableError) as error:
                index.damage(name, error)
                rows = []
            index.names.append(name)
            if isinstance(rows, pa.Table):
                index.tables.append(rows)
            else:
                index.entries[name] = rows
        else:
            return index
    return index


def _current(root: Root, table: pa.Table, stamps: dict[str, str]) -> list[int]:
    """The numbers of the rows that are of folders as they are now, each run once."""
    chosen: dict[str, int] = {}
    columns = (table[name].to_pylist() for name in ("run", "study", "stamp"))
    for number, (run, study, stamp) in enumerate(zip(*columns, strict=True)):
        if run in chosen:
            continue
        now = stamps.get(_top(run, study))
        if now is not None and root.is_current(stamp, now):
            chosen[run] = number
    return list(chosen.values())


def _top(run: str, study: str) -> str:
    """The folder with whose stamp a row stands and falls: that of the study, of a run in one."""
    return study or run


def _own_places(table: pa.Table, numbers: Iterable[int]) -> list[str]:
    runs, studies = table["run"].to_pylist(), table["study"].to_pylist()
    return [runs[number] for number in numbers if not studies[number]]


def _rows(root: Root, place: str, stamp: str) -> list[dict[str, Any]]:
    with root.folder(place) as folder:
        return rows_of(folder, place, stamp)


def _bring_up_to_date(
    root: LocalRoot, index: _Index, table: pa.Table, found: Sequence[dict[str, Any]], rebuild: bool
) -> list[str]:
    """Adds the rows that were found, or compacts the index. Returns why it could not be written, if so.

    Rows of runs that are running, or that this user may not read, are not kept: they are read again every time.
    """
    passing = {_top(row["run"], row["study"]) for row in found if row["status"] == "running" or DENIED in row["reason"]}
    lasting = [row for row in found if _top(row["run"], row["study"]) not in passing]
    try:
        if rebuild or index.is_damaged or len(index.names) > MOST_FILES or len(lasting) > MOST_IN_ENTRY:
            places = zip(table["run"].to_pylist(), table["study"].to_pylist(), strict=True)
            kept = [number for number, (run, study) in enumerate(places) if _top(run, study) not in passing]
            write_table(root.index, take(table, kept))
            remove(root.index, index.names)
        elif lasting:
            write_entry(root.index, lasting)
    except OSError as error:
        return [f"the index of {root.shown} could not be brought up to date: {error}"]
    return []
