"""The x and y of batches: one array or several, in a file and step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.subjects.pair.batch_parts import Steps, flattened, gathered

X = np.arange(24).reshape(3, 4, 2)


@pytest.mark.parametrize(
    ("parts", "names"),
    [(X, ["x"]), ((X, X + 1), ["x/0", "x/1"]), ({"users": X, "items": X + 1}, ["x/users", "x/items"])],
)
def test_parts_are_kept_in_a_file(parts: Any, names: list[str]) -> None:
    arrays = flattened("x", parts)
    assert list(arrays) == names
    again = gathered("x", arrays | {"y": X, "xx": X})
    assert type(again) is type(parts)
    assert all(np.array_equal(a, b) for a, b in zip(flattened("x", again).values(), arrays.values(), strict=True))


def test_a_tuple_of_many_keeps_its_order() -> None:
    parts = tuple(np.full((1, 1), n) for n in range(12))
    assert [int(part[0, 0]) for part in gathered("x", flattened("x", parts))] == list(range(12))  # type: ignore[union-attr]


def test_a_file_without_them_holds_none() -> None:
    assert gathered("y", {"x": X}) is None


def test_steps_are_batches() -> None:
    several = Steps({"users": X, "items": X + 1})
    assert (len(several), several.batch_size) == (3, 4)
    assert np.array_equal(several[2]["items"], X[2] + 1)
    assert [batch["users"][0, 0] for batch in several] == [0, 8, 16]
    assert np.array_equal(Steps(X)[1], X[1])
