"""Reads the files of a run's folder one by one and checks their format; UnreadableError says what is wrong."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import ValidationError

from harness.records.array_types import FloatArray
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.objects import DAMAGE as DAMAGE
from harness.results.objects import NOT_READ as NOT_READ
from harness.results.objects import UnreadableError as UnreadableError
from harness.results.objects import read_object as read_object
from harness.results.parquet import frame_of, opened, table_of
from harness.spec.base import Spec
from harness.spec.experiment import Experiment
from harness.system.array_files import Arrays, load_arrays

SAID: dict[str, type[Any]] = {
    "versions": dict,
    "device": str,
}  # the fields of an environment that are read, and their types
OUTCOME = ("rung", "subject", "arm_a", "arm_b", "status")
WHOLE = ("epoch", "samples", "samples_scored", "peak_rss_bytes")
AnySpec = TypeVar("AnySpec", bound=Spec)
MOST_CELLS = 1 << 29  # in a table: a few bytes of Parquet may encode any number of equal rows


def read_experiment(path: Path) -> Experiment:
    return read_spec(path, Experiment, "experiment")


def read_spec(path: Path, kind: type[AnySpec], what: str) -> AnySpec:
    """The spec of this kind in a JSON file; UnreadableError, which calls it `what`, if the file does not hold one."""
    try:
        return kind.model_validate_json(json.dumps(read_object(path)), strict=True)
    except ValidationError as error:
        raise UnreadableError(f"is no {what} that this version of twinrun reads: {_in_words(error)}") from None


def read_trace(path: Path) -> tuple[Trace, dict[str, Any]]:
    """The trace without its steps and epochs, and the `status` and `summary` that were written with it.

    Raises UnreadableError where the file holds no trace, or one of a newer schema_version.
    """
    record = read_object(path)
    limit, version = Trace.model_fields["schema_version"].default, record.get("schema_version")
    if version is None:
        raise UnreadableError("is no trace: it has no schema_version")
    if isinstance(version, int) and version > limit:
        raise UnreadableError(
            f"has schema_version {version}, and this version of twinrun reads up to {limit}: it is of a newer twinrun; "
            "compare with that one (pip install --upgrade twinrun)"
        )
    beside: dict[str, Any] = {key: record.pop(key) for key in ("status", "summary") if key in record}
    try:
        trace = Trace.model_validate_json(json.dumps(record), strict=True)
        mistyped = [key for key, kind in SAID.items() if not isinstance(trace.environment.get(key, kind()), kind)]
        if mistyped:
            raise UnreadableError(f"is no trace: environment.{mistyped[0]} is {trace.environment[mistyped[0]]!r}")
        if not isinstance(beside.get("summary", {}), dict):
            raise UnreadableError("is no trace: its summary is no object")
        return trace, beside
    except ValidationError as error:
        raise UnreadableError(f"is no trace: {_in_words(error)}") from None


def _in_words(error: ValidationError) -> str:
    sentences = [f"{'.'.join(map(str, detail['loc'])) or 'it'}: {detail['msg']}" for detail in error.errors()]
    return "; ".join(sentences[:3]) + (f"; and {len(sentences) - 3} more" if len(sentences) > 3 else "")


def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """The table in a file; UnreadableError where it lacks one of the columns, or is too large to be a record."""
    return frame_of(_read_arrow(path, columns))


def _read_arrow(path: Path, columns: tuple[str, ...]) -> pa.Table:
    """All columns, so that damage to any of them shows. (`pandas.read_parquet` takes twice as long for small files.)"""
    file = opened(path.read_bytes())
    size = file.metadata
    if size.num_rows * max(1, size.num_columns) > MOST_CELLS:
        raise UnreadableError(f"has {size.num_rows:,} rows of {size.num_columns:,} columns")
    table = table_of(file)
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise UnreadableError(f"has no column {', '.join(missing)}")
    return table


def read_outcomes(path: Path) -> pd.DataFrame:
    """The columns `OUTCOME`, and `culprit` if it exists, of a table of verdicts, as text."""
    table = _read_arrow(path, OUTCOME)
    names = [*OUTCOME, *(name for name in ("culprit",) if name in table.column_names)]
    outcomes: pd.DataFrame = frame_of(table.select(names))
    not_text = [name for name in outcomes.columns if not outcomes[name].map(lambda value: isinstance(value, str)).all()]
    if not_text:
        raise UnreadableError(f"column {not_text[0]} does not hold text")
    return outcomes


def read_verdicts(path: Path) -> list[Verdict]:
    """The verdicts of a table; missing numbers become None, and columns of other versions are left out."""
    table = _read_arrow(path, OUTCOME)
    rows = table.select([name for name in table.column_names if name in Verdict.model_fields]).to_pylist()
    # A missing number is NaN where pandas wrote the table.
    records = [{key: None if _is_nan(value) else value for key, value in row.items()} for row in rows]
    try:
        return [Verdict.model_validate(record) for record in records]
    except ValidationError as error:
        raise UnreadableError(f"holds what is no verdict: {_in_words(error)}") from None


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def read_numbers(path: Path, columns: tuple[str, ...], counted: str) -> pd.DataFrame:
    """A table of numbers, whose rows are counted from 0 in one of its columns."""
    return numbers_of(read_table(path, columns), counted)


def numbers_of(table: pd.DataFrame, counted: str) -> pd.DataFrame:
    """The table in float64; UnreadableError where it holds anything else, or `counted` does not count its rows."""
    found: dict[str, FloatArray] = {}
    for name in table.columns:
        kind = pd.api.types
        column = table[name]
        if kind.is_bool_dtype(column) or not (kind.is_numeric_dtype(column) or column.isna().all()):
            raise UnreadableError(f"column {name} does not hold numbers")
        found[str(name)] = column.to_numpy(np.float64, na_value=np.nan)
    if not np.array_equal(found[counted], np.arange(len(table))):
        raise UnreadableError(f"column {counted} does not count from 0 to {len(table) - 1}")
    for name in WHOLE:
        whole = name not in found or (np.isfinite(found[name]) & (np.trunc(found[name]) == found[name])).all()
        if not whole:
            raise UnreadableError(f"column {name} does not hold whole numbers")
    return pd.DataFrame(found)


def read_arrays(path: Path) -> Arrays:
    with zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise UnreadableError("is compressed, which twinrun does not write")
    arrays = load_arrays(path)
    not_numeric = [name for name, value in arrays.items() if value.dtype.kind not in "biuf"]
    if not_numeric:
        raise UnreadableError(f"{', '.join(not_numeric)} does not hold numbers")
    return arrays
