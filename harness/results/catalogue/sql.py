"""Conditions and queries in SQL, by DuckDB over tables in memory: it reads no file and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from harness.results.catalogue.tables import joined, tables_of, where_in

if TYPE_CHECKING:
    import duckdb

# No file, no network, no extension, no variable of Python, and none of this can be turned on again.
SETTINGS = (
    "SET enable_external_access = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET python_enable_replacements = false",
    "SET lock_configuration = true",
)
READING = ("SELECT",)  # DuckDB counts SHOW, DESCRIBE and VALUES among these


class QueryError(Exception):
    """A query that cannot be answered; the message is DuckDB's, in one line."""


def query(catalogue: pa.Table, sql: str) -> pa.Table:
    """The answer to a query over the tables `runs`, `arms` and `rungs`. Raises QueryError."""
    return _ask(tables_of(catalogue), sql)


def columns_in_words(tables: Mapping[str, Iterable[str]]) -> str:
    """The tables and their columns, in one line."""
    return "; ".join(f"{name} has {', '.join(columns)}" for name, columns in tables.items())


def where(catalogue: pa.Table, condition: str) -> pa.Table:
    """The rows of the catalogue for which an SQL condition holds, on columns of the run or of one of its arms.

    Raises QueryError.
    """
    names = set(arms_where(catalogue, condition)["run"].to_pylist())
    return where_in(catalogue, "run", names)


def arms_where(catalogue: pa.Table, condition: str) -> pa.Table:
    """The arms, each with the columns of its run, for which an SQL condition holds; a run without arms is one row.

    Raises QueryError.
    """
    arms = joined(catalogue, "arms")
    bare = catalogue.filter(pc.equal(pc.list_value_length(catalogue["arms"]), 0))
    own = {name: bare[name] for name in bare.column_names if name in arms.column_names}
    rest = {name: own.get(name, pa.nulls(len(bare), arms.schema.field(name).type)) for name in arms.column_names}
    return _ask({"runs": pa.concat_tables([arms, pa.table(rest)])}, f"SELECT * FROM runs WHERE (\n{condition}\n)")


def _ask(tables: Mapping[str, pa.Table], sql: str) -> pa.Table:
    import duckdb

    connection = duckdb.connect(":memory:")
    try:
        for name, table in tables.items():
            connection.register(name, table)
        for setting in SETTINGS:
            connection.execute(setting)
        _require_reading(connection, sql)
        return _plain(connection.sql(sql).to_arrow_table())
    except duckdb.Error as error:
        known = {name: table.column_names for name, table in tables.items()}
        about = (
            f"; {columns_in_words(known)}"
            if isinstance(error, duckdb.BinderException | duckdb.CatalogException)
            else ""
        )
        raise QueryError(in_one_line(error) + about) from None
    finally:
        connection.close()


def _require_reading(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raises QueryError unless the text is one statement that only reads."""
    statements = connection.extract_statements(sql)
    kinds = [statement.type.name for statement in statements]
    if len(kinds) != 1:
        raise QueryError(f"give one statement; given: {len(kinds)}")
    if kinds[0] not in READING:
        raise QueryError(f"only a statement that reads is run, such as SELECT; given: {kinds[0]}")


def in_one_line(error: Exception) -> str:
    """DuckDB's message without its drawing of the place."""
    return " ".join(str(error).partition("\n\nLINE")[0].partition("\nLINE")[0].split())


def _plain(table: pa.Table) -> pa.Table:
    """The table with decimals as float64, which every output can show."""
    fields = [pa.field(f.name, pa.float64()) if pa.types.is_decimal(f.type) else f for f in table.schema]
    return table.cast(pa.schema(fields))
