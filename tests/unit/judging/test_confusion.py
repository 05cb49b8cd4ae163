"""How many test images of each class are put into each class."""

from __future__ import annotations

import numpy as np
import pytest

from harness.judging.confusion import COLUMNS, confusions


def test_each_pair_that_occurs_is_counted() -> None:
    labels = np.array([0, 0, 1, 2, 2])
    table = confusions(labels, {"a": {"label": np.array([0, 1, 1, 2, 2])}, "b": {"label": np.array([0, 0, 1, 2, -1])}})
    assert tuple(table.columns) == COLUMNS
    rows = [tuple(row) for row in table.itertuples(index=False)]
    assert rows[:4] == [("a", 0, 0, 1), ("a", 0, 1, 1), ("a", 1, 1, 1), ("a", 2, 2, 2)]
    assert rows[4:] == [("b", 0, 0, 2), ("b", 1, 1, 1), ("b", 2, -1, 1), ("b", 2, 2, 1)]


def test_another_number_of_predictions() -> None:
    with pytest.raises(ValueError, match="a has predictions"):
        confusions(np.array([0, 1]), {"a": {"label": np.array([0])}})
    assert confusions(np.array([0]), {}).empty
