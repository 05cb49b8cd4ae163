"""A series of numbers: in all that is asked of it a tuple of floats, and to NumPy an array."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from harness.records.series import Series


class Record(BaseModel):
    losses: Series
    by_layer: dict[str, Series] = {}


def test_it_is_a_sequence_of_floats() -> None:
    series = Series([1, 0.5, math.nan])
    assert len(series) == 3
    assert list(series)[:2] == [1.0, 0.5]
    assert {type(number) for number in series} == {float}
    assert series[1] == 0.5
    assert series[-2:] == (0.5, math.nan)
    assert sum(series[:2]) == 1.5
    assert not Series()
    assert Series.joined([series, Series([2.0])]) == [1.0, 0.5, math.nan, 2.0]
    assert Series.joined([]) == ()
    with pytest.raises(IndexError):
        series[3]


def test_it_equals_what_has_the_same_numbers() -> None:
    assert Series([1.0, math.nan]) == Series((1.0, math.nan))
    assert hash(Series([1.0])) == hash(Series((1.0,)))
    assert Series([1.0]) == (1.0,)
    assert Series([1.0, 2.0]) != (2.0, 1.0)
    assert Series([1.0]) != (1.0, 1.0)
    assert Series([1.0]) != "1"
    assert Series([1.0]) != 1.0


def test_numpy_takes_it_without_a_copy_and_cannot_write_to_it() -> None:
    given = np.array([1.0, 2.0])
    series = Series(given)
    given[0] = 5.0
    view = np.asarray(series)
    assert np.shares_memory(view, np.asarray(series))
    np.testing.assert_array_equal(view, [1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 3.0
    assert np.array(series, np.float32).dtype == np.float32


def test_pydantic_validates_and_writes_it_as_a_list() -> None:
    record = Record.model_validate({"losses": [1, 2.5], "by_layer": {"a": (0.5,)}})
    assert record.losses == (1.0, 2.5)
    assert isinstance(record.by_layer["a"], Series)
    assert Record(losses=record.losses).losses is record.losses
    assert json.loads(record.model_dump_json()) == {"losses": [1.0, 2.5], "by_layer": {"a": [0.5]}}
    for wrong in (["x"], 1.0, [[1.0]], None):
        with pytest.raises(ValidationError):
            Record.model_validate({"losses": wrong})


def test_it_is_packed_as_text() -> None:
    series = Series([0.1, -math.inf, math.nan, 5e-324])
    assert Series.unpacked(series.packed) == series
    assert Series.unpacked("") == ()
    assert Record.model_validate({"losses": series.packed}).losses == series
    for wrong in ("?", "AAAA", series.packed[:-1]):
        with pytest.raises(ValidationError, match="losses"):
            Record.model_validate({"losses": wrong})
