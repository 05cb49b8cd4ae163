"""Damages that leave a file readable: every field and column of a run's records given another value, or taken away."""

import json
from functools import partial

import numpy as np
import pandas as pd

from harness.system.array_files import load_arrays, save_arrays

ARM = "arms/narrow"
TABLES = (f"{ARM}/steps.parquet", f"{ARM}/epochs.parquet", "verdicts.parquet")
OBJECTS = (f"{ARM}/trace.json", "experiment.json", "plan.json")
ARRAYS = (f"{ARM}/weights.npz", f"{ARM}/predictions.npz")
REMOVED = object()


def of_columns(run):
    """(name, file, damage) for every column of the tables: its last value, which no step that is judged has."""
    for file in TABLES:
        table = pd.read_parquet(run / file)
        for column in table.columns:
            values = {"removed": REMOVED, "text": "x", "nan": np.nan, "inf": np.inf, "-1": -1, "true": True}
            if pd.api.types.is_numeric_dtype(table[column]):
                values["doubled"] = 2 * table[column].iloc[-1] + 1
            for name, value in values.items():
                yield f"{column} {name}", file, partial(_column, file, column, value)


def _column(file, column, value, run):
    table = pd.read_parquet(run / file)
    if value is REMOVED:
        del table[column]
    elif value is True:
        table[column] = True
    else:
        text = isinstance(value, str) or not pd.api.types.is_numeric_dtype(table[column])
        values = list(table[column])
        table[column] = [*map(str, values[:-1]), str(value)] if text else [*values[:-1], value]
    table.to_parquet(run / file)


def of_fields(run):
    """The same for every field of the JSON records, at any depth, by its dotted path."""
    for file in OBJECTS:
        for path, value in _leaves(json.loads((run / file).read_text())):
            values = {"removed": REMOVED, "null": None, "object": {"x": 1}, "-1": -1, "nan": float("nan")}
            if isinstance(value, str):
                values |= {"another": value + "x", "empty": ""}
            elif isinstance(value, bool):
                values |= {"negated": not value, "as text": str(value).lower()}
            elif isinstance(value, int | float):
                values |= {"doubled": 2 * value + 1, "as text": str(value)}
            for name, changed in values.items():
                if changed is not value:
                    yield f"{'.'.join(map(str, path))} {name}", file, partial(_field, file, path, changed)


def _leaves(plain, path=()):
    if isinstance(plain, dict | list) and plain:
        items = plain.items() if isinstance(plain, dict) else enumerate(plain)
        for key, value in items:
            yield from _leaves(value, (*path, key))
    else:
        yield path, plain


def _field(file, path, value, run):
    record = json.loads((run / file).read_text())
    below = record
    for key in path[:-1]:
        below = below[key]
    if value is REMOVED:
        del below[path[-1]]
    else:
        below[path[-1]] = value
    (run / file).write_text(json.dumps(record))


def of_arrays(run):
    """The same for the arrays: one of their values, their shape and type, one taken away, one added."""
    changes = {
        "nan": lambda value: _first(value.astype(np.float64), np.nan),
        "-2": lambda value: _first(value, -2),
        "99": lambda value: _first(value, 99),
        "exchanged": lambda value: value[::-1].copy(),
        "cut": lambda value: value[:5],
        "flat": lambda value: np.ravel(value)[:, None],
        "text": lambda value: np.full(value.shape, "x"),
        "whole": lambda value: value.astype(np.int64),
        "removed": lambda value: None,
    }
    for file in ARRAYS:
        for name in load_arrays(run / file):
            for what, change in changes.items():
                yield f"{name} {what}", file, partial(_array, file, name, change)
        yield "another array", file, partial(_array, file, "other", lambda value: np.ones(3, np.float32))


def _first(value, changed):
    value = value.copy()
    value.flat[0] = changed
    return value


def _array(file, name, change, run):
    arrays = load_arrays(run / file)
    arrays[name] = change(arrays.get(name))
    save_arrays(run / file, {key: value for key, value in arrays.items() if value is not None})
