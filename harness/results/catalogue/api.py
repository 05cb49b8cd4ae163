"""Recorded runs as pandas tables: `harness.results.load`, `runs` and `frame`. Stable: see docs/results.md.

No function changes a run or raises for a damaged one: it is a row with `status` "damaged" and the `reason`, and tables
that cannot be read are listed in `DataFrame.attrs["problems"]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd
import pyarrow as pa

from harness.results.catalogue import sql
from harness.results.catalogue.files import as_table
from harness.results.catalogue.index import read_catalogue
from harness.results.catalogue.roots import Root, root_of, stamp_of
from harness.results.catalogue.rows import rows_of
from harness.results.catalogue.tables import Choice, chosen, joined, nested_table, runs_table, where_in
from harness.results.files import read_table
from harness.results.kinds import EPOCHS, STEPS, VERDICTS
from harness.results.objects import NOT_READ
from harness.results.parquet import frame_of

FrameKind = Literal["runs", "arms", "rungs", "steps", "epochs", "verdicts", "samples"]
Names = str | Sequence[str]
# The recorded tables, by the pattern of their files and whether these are of an arm.
RECORDED: dict[str, tuple[str, bool]] = {
    "steps": (f"arms/*/{STEPS}", True),
    "epochs": (f"arms/*/{EPOCHS}", True),
    "verdicts": (VERDICTS, False),
    "samples": ("samples.parquet", False),
}
PROBLEMS = "problems"


@dataclass(frozen=True)
class LoadedRun:
    """One run. `facts`: its row in the catalogue. `arms`, `rungs`: a row for each. `steps`, `epochs`: a row for each
    step or epoch of each arm, with the column `arm`. `verdicts`: a row for each check. `samples`: of a bench, a row for
    each block of steps. `problems`: the files that are damaged. A table that was not recorded has no row.
    """

    facts: dict[str, Any]
    arms: pd.DataFrame
    rungs: pd.DataFrame
    steps: pd.DataFrame
    epochs: pd.DataFrame
    verdicts: pd.DataFrame
    samples: pd.DataFrame
    problems: tuple[str, ...] = ()


def load(run: str | Path) -> LoadedRun:
    """One run, by its folder.

    Raises FileNotFoundError where the folder is none of twinrun.
    """
    folder = Path(run).expanduser()
    stamp = stamp_of(folder)
    if stamp is None:
        raise FileNotFoundError(f"{folder} is no folder of twinrun: it has no complete.json and no claim.json")
    (row, *_) = rows_of(folder, folder.name, stamp)
    nested = as_table([row])
    problems: list[str] = []
    recorded = {kind: _joined(list(_tables(folder, kind, problems))) for kind in RECORDED}
    tables = {name: _pandas(nested_table(nested, name)).drop(columns="run") for name in ("arms", "rungs")}
    facts = {name: value for name, value in row.items() if name not in ("arms", "rungs", "stamp", "refers_to")}
    return LoadedRun(facts, **tables, **recorded, problems=tuple(dict.fromkeys([*_reasons(row), *problems])))


def runs(
    root: str | Path = "results",
    where: str = "",
    *,
    experiment: Names = (),
    arm: Names = (),
    version: Names = (),
    status: Names = (),
    verdict: Names = (),
    kind: Names = (),
    since: datetime | None = None,
    until: datetime | None = None,
    parts: bool = True,
) -> pd.DataFrame:
    """A row for each run of a results folder, the oldest first, with the columns of `runs` in docs/results.md.

    Args:
        root: the results folder, or an address that fsspec reads, such as `s3://bucket/results`.
        where: a condition in SQL on columns of `runs` and `arms`: "verdict = 'diverges' and step_time_s > 0.01".
        experiment, arm, version, status, verdict, kind: one name or several alternatives.
        since, until: of the creation, in UTC.
        parts: whether the runs of studies, which have `study` set, are rows as well.

    Raises `harness.results.QueryError` where the condition is no SQL that holds for these columns.
    """
    names = {"experiment": experiment, "arm": arm, "version": version, "status": status, "verdict": verdict}
    choice = _choice(**names, kind=kind, since=since, until=until, parts=parts)
    return _pandas(runs_table(_catalogue(root_of(str(root)), where, choice)))


def frame(kind: FrameKind, root: str | Path = "results", where: str = "", **choice: Any) -> pd.DataFrame:
    """A table over all runs of a results folder that are chosen as in `runs`.

    Args:
        kind: `runs`; `arms` or `rungs`, with the columns of their runs beside them; or what runs recorded: `steps`,
            `epochs` (with `run` and `arm`), `verdicts`, or `samples` of benches (with `run`).
        root, where, choice: as in `runs`.

    Raises ValueError for another kind, `harness.results.QueryError` as `runs`.
    """
    if kind not in get_args(FrameKind):
        raise ValueError(f"kind must be one of {', '.join(get_args(FrameKind))}. Received: kind={kind!r}")
    if kind == "runs":
        return runs(root, where, **choice)
    place = root_of(str(root))
    table = _catalogue(place, where, _choice(**choice))
    if kind == "arms":
        return _pandas(arms_of(table, where, _choice(**choice)))
    if kind == "rungs":
        return _pandas(joined(table, kind))
    problems: list[str] = []
    parts = []
    for run in table["run"].to_pylist():
        with place.folder(run, also=(STEPS, EPOCHS)) as folder:
            of_run: list[str] = []
            parts += [part.assign(run=run) for part in _tables(folder, kind, of_run)]
            problems += [f"{run}: {problem}" for problem in of_run]
    whole = _joined(parts)
    keys = [name for name in ("run", "arm") if name in whole.columns]
    ordered = whole[[*keys, *(name for name in whole.columns if name not in keys)]]
    ordered.attrs[PROBLEMS] = problems
    return ordered


def _catalogue(root: Root, where: str, choice: Choice) -> pa.Table:
    table = chosen(read_catalogue(root).table, choice)
    return sql.where(table, where) if where else table


def arms_of(table: pa.Table, where: str, choice: Choice) -> pa.Table:
    """The arms of chosen runs, with the columns of their runs: those that the condition and the choice mean."""
    arms = sql.arms_where(table, where) if where else joined(table, "arms")
    names = choice.arm or tuple({arm for arm in arms["arm"].to_pylist() if arm is not None})
    return where_in(arms, "arm", names)


def _choice(
    *, since: datetime | None = None, until: datetime | None = None, parts: bool = True, **names: Names
) -> Choice:
    chosen_names: dict[str, Any] = {key: (v,) if isinstance(v, str) else tuple(v) for key, v in names.items()}
    return Choice(**chosen_names, since=since, until=until, parts=parts)


def _tables(folder: Path, kind: str, problems: list[str]) -> Iterator[pd.DataFrame]:
    """The recorded tables of a kind in the folder of a run; those that cannot be read are `problems`."""
    pattern, is_of_arm = RECORDED[kind]
    for path in sorted(folder.glob(pattern)):
        try:
            table = read_table(path, ())
        except NOT_READ as error:
            why = " ".join(str(error).split())[:200]
            problems.append(f"{path.relative_to(folder).as_posix()} cannot be read ({why}); is it cut off or damaged?")
            continue
        yield table.assign(arm=path.parent.name) if is_of_arm else table


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _pandas(table: pa.Table) -> pd.DataFrame:
    """Whole numbers stay whole where some are missing."""
    kinds: Callable[[pa.DataType], Any] = {pa.int64(): pd.Int64Dtype()}.get
    return frame_of(table, kinds)


def _reasons(row: dict[str, Any]) -> list[str]:
    return [row["reason"]] if row["status"] == "damaged" else []
