"""The files of the index: entries, one for each folder that became complete, and tables into which these are compacted.

Every file has a name of its own and appears whole, by a rename; none is ever changed. A compaction writes a new table
first and removes afterwards what it holds. So writers and compactors on several hosts need no lock: what two of them
do at once is at worst in the index twice, and a reader takes one of two equal rows.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.results.catalogue.columns import SCHEMA, SCHEMA_VERSION
from harness.results.objects import DAMAGE, UnreadableError
from harness.results.parquet import opened, table_of
from harness.system.writing import as_disk_failure, whole

VERSION_KEY = b"twinrun.schema_version"
TIMES = ("created", "ended")


class NewerError(Exception):
    """A file of the index is of a newer twinrun. It is left as it is."""


@dataclass(frozen=True)
class Damaged:
    """A file of the index that cannot be read, and why."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


def parse_file(name: str, content: bytes) -> pa.Table | list[dict[str, Any]]:
    """The rows in a file of the index: of a table as such, of an entry as a list.

    Raises UnreadableError where it is damaged, NewerError where it is of a newer twinrun.
    """
    try:
        return _table(content) if name.endswith(".parquet") else _entry(content)
    except DAMAGE as error:
        why = " ".join(str(error).split())[:120]
        raise UnreadableError(f"cannot be read ({type(error).__name__}: {why}); is it cut off or damaged?") from None


def _table(content: bytes) -> pa.Table:
    file = opened(content)
    version = int((file.schema_arrow.metadata or {})[VERSION_KEY])
    if version > SCHEMA_VERSION:
        raise NewerError
    return conforming(table_of(file))


def conforming(table: pa.Table) -> pa.Table:
    """The table with the columns of `SCHEMA`: those that another version did not have are empty."""
    if table.schema.equals(SCHEMA):
        return table.replace_schema_metadata(SCHEMA.metadata)
    present = [name for name in SCHEMA.names if name in table.column_names]
    if all(table.schema.field(name).type.equals(SCHEMA.field(name).type) for name in present):
        columns = [table[n] if n in present else pa.nulls(len(table), SCHEMA.field(n).type) for n in SCHEMA.names]
        return pa.table(columns, schema=SCHEMA)
    return as_table(table.select(present).to_pylist())  # nested columns with other fields


def as_table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows as a table; what a row lacks is empty."""
    # pyarrow loads pandas to make an array of Python's values, which takes longer than a listing.
    return pa.Table.from_pylist(list(rows), schema=SCHEMA) if rows else pa.Table.from_batches([], SCHEMA)


def _entry(content: bytes) -> list[dict[str, Any]]:
    entry = json.loads(content)
    version, rows = entry["schema_version"], entry["rows"]
    if version > SCHEMA_VERSION:
        raise NewerError
    for row in rows:
        if not all(isinstance(row[key], str) and row[key] for key in ("run", "stamp")):
            raise UnreadableError("holds a row without its folder")
        row |= {key: datetime.fromisoformat(row[key]) for key in TIMES if row.get(key) is not None}
    return list(rows)


def require_fitting(rows: Sequence[dict[str, Any]]) -> None:
    """Raises UnreadableError where a value in the rows of an entry is not of the type of its column."""
    try:
        as_table(rows)
    except DAMAGE as error:
        raise UnreadableError(f"holds a value of another type ({' '.join(str(error).split())[:120]})") from None


def write_entry(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Adds an entry with these rows. Raises CannotWriteError where the disk does not take it."""
    text = json.dumps(
        {"schema_version": SCHEMA_VERSION, "rows": [_known(row) for row in rows]}, default=_plain, allow_nan=False
    )
    _write(folder / f"{_unique()}.json", lambda partial: partial.write_text(text + "\n", encoding="utf-8"))


def write_table(folder: Path, table: pa.Table) -> str:
    """Adds a table with these rows, and returns its name. Raises CannotWriteError as `write_entry` does."""
    name = f"{_unique()}.parquet"
    _write(folder / name, lambda partial: pq.write_table(table, partial, compression="zstd", write_page_checksum=True))
    return name


def remove(folder: Path, names: Iterable[str]) -> None:
    """Removes files that another file of the index replaces; another process may have done so already."""
    for name in names:
        with suppress(OSError):
            (folder / name).unlink()


def _write(path: Path, write: Any) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as partial:
            write(partial)
    except (OSError, pa.ArrowException) as error:
        raise (as_disk_failure(error, path) if isinstance(error, OSError) else None) or error from error


def _unique() -> str:
    """A name that no other process, on any host, gives to a file: time, host, process, a random part."""
    host = re.sub(r"[^A-Za-z0-9-]", "_", socket.gethostname())[:40]
    now = datetime.fromtimestamp(time.time()).strftime("%Y%m%dT%H%M%S%f")
    return f"{now}-{host}-{os.getpid()}-{secrets.token_hex(6)}"


def _known(row: dict[str, Any]) -> dict[str, Any]:
    """The row without what is None, also in its arms and rungs, which reading makes None again."""
    return {
        key: [_known(item) if isinstance(item, dict) else item for item in value] if isinstance(value, list) else value
        for key, value in row.items()
        if value is not None
    }


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} in a row of the catalogue")
