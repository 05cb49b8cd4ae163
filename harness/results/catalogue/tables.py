"""The catalogue as three tables - runs, arms, rungs - and the choice of some of its runs."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from harness.results.catalogue.columns import RUN


def take(table: pa.Table, numbers: Sequence[int]) -> pa.Table:
    """The rows with these numbers, in this order. (`pa.array` would load pandas.)"""
    packed = array("q", numbers)
    return table.take(pa.Int64Array.from_buffers(pa.int64(), len(packed), [None, pa.py_buffer(packed)]))


def where_in(table: pa.Table, column: str, values: Container[str]) -> pa.Table:
    """The rows with one of these values in a column."""
    return take(table, [number for number, value in enumerate(table[column].to_pylist()) if value in values])


def runs_table(catalogue: pa.Table) -> pa.Table:
    """A row for each run, with the columns `RUN`."""
    return catalogue.select(list(RUN))


def nested_table(catalogue: pa.Table, name: str) -> pa.Table:
    """The nested column `arms` or `rungs` as a table: `run`, then its own columns."""
    parents, records = _flat(catalogue, name)
    columns = {"run": catalogue["run"].take(parents)}
    columns |= dict(zip((field.name for field in records.type), records.flatten(), strict=True))
    return pa.table(columns)


def _flat(catalogue: pa.Table, name: str) -> tuple[pa.Array, pa.Array]:
    """The records of a nested column, and for each the number of its run."""
    import pyarrow.compute as pc  # takes as long to load as a small catalogue to read

    column = catalogue[name].combine_chunks()
    lists = column if isinstance(column, pa.ListArray) else pa.concat_arrays(column.chunks)
    return pc.list_parent_indices(lists), pc.list_flatten(lists)


def tables_of(catalogue: pa.Table) -> dict[str, pa.Table]:
    """The three tables by name."""
    return {"runs": runs_table(catalogue), **{name: nested_table(catalogue, name) for name in ("arms", "rungs")}}


def joined(catalogue: pa.Table, name: str) -> pa.Table:
    """The table `arms` or `rungs` with the columns of its run beside it. No two columns have one name."""
    parents, _ = _flat(catalogue, name)
    nested, runs = nested_table(catalogue, name), runs_table(catalogue).take(parents)
    return pa.table({**{n: runs[n] for n in runs.column_names}, **{n: nested[n] for n in nested.column_names[1:]}})


@dataclass(frozen=True)
class Choice:
    """Which runs are meant. Several names of one field are alternatives; all fields must hold.

    `version`: that of twinrun, of a framework or of one of its packages (`2.21`, `numpy 1.26.4`), or its beginning.
    `since`, `until`: of the creation, UTC, both included. `parts`: whether the runs of studies count as well.
    """

    experiment: tuple[str, ...] = ()
    arm: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    verdict: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    parts: bool = True


def chosen(catalogue: pa.Table, choice: Choice) -> pa.Table:
    """The rows of the catalogue that the choice means."""
    mask = [True] * len(catalogue)

    def require(column: str, holds: Callable[[Any], bool]) -> None:
        for number, value in enumerate(catalogue[column].to_pylist()):
            mask[number] = mask[number] and holds(value)

    for field in ("experiment", "status", "verdict", "kind"):
        if names := getattr(choice, field):
            require(field, set(names).__contains__)
    if choice.since is not None:
        require("created", lambda created: created is not None and created >= choice.since)
    if choice.until is not None:
        require("created", lambda created: created is not None and created <= choice.until)
    if not choice.parts:
        require("study", lambda study: not study)
    if choice.arm or choice.version:
        with_arms = _runs_with_arms(catalogue, choice)
        require("run", with_arms.__contains__)
    return take(catalogue, [number for number, is_meant in enumerate(mask) if is_meant])


def _runs_with_arms(catalogue: pa.Table, choice: Choice) -> set[str]:
    """The runs that have such an arm, and such a version."""
    arms = nested_table(catalogue, "arms").select(["run", "arm", "version", "packages"]).to_pylist()
    runs = catalogue.select(["run", "twinrun"]).to_pylist()
    found = {row["run"] for row in runs}
    if choice.arm:
        found &= {row["run"] for row in arms if row["arm"] in choice.arm}
    if choice.version:
        fits = {row["run"] for row in runs if _has_version([row["twinrun"]], choice.version)}
        fits |= {r["run"] for r in arms if _has_version([r["version"], *_versions(r["packages"])], choice.version)}
        found &= fits
    return found


def _versions(packages: str | None) -> list[str]:
    return [part for package in (packages or "").split(", ") for part in (package, package.rpartition(" ")[2])]


def _has_version(present: Sequence[str | None], asked: Sequence[str]) -> bool:
    return any(v is not None and (v == wanted or v.startswith(f"{wanted}.")) for v in present for wanted in asked)
