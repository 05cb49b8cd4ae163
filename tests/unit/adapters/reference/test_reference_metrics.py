"""Zero-one: the share of samples whose largest output is another than the label's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from adapters.reference.metrics import metric
from harness.spec.metrics import ZeroOne


def test_by_hand() -> None:
    outputs = np.array([[0.1, 0.7, 0.2], [0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1e-30]])
    assert metric(ZeroOne(), outputs, np.array([1, 0, 1, 0])).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@given(data=st.data())
def test_against_a_loop(precision: Any, data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 5)))
    outputs = data.draw(hnp.arrays(precision, shape, elements=st.integers(-2, 2).map(float)))
    labels = data.draw(hnp.arrays(np.int32, shape[0], elements=st.integers(0, shape[1] - 1)))
    found = metric(ZeroOne(), outputs, labels)
    wanted = [0.0 if list(row).index(max(row)) == label else 1.0 for row, label in zip(outputs, labels, strict=True)]
    assert found.dtype == precision
    assert found.tolist() == wanted
