"""Which targets belong to which output, as labels or as values, and in which layout."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from adapters.user_data import MisfitError, Output
from adapters.user_targets import TargetForm, heads, require_range, target_form
from harness.spec import losses

CLASSES, BINARY, SQUARES = losses.SoftmaxCrossEntropy(), losses.SigmoidCrossEntropy(), losses.MeanSquaredError()


def integers(*shape: int) -> Any:
    return np.zeros(shape, np.int32)


def floats(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    ("word", "output", "y", "layout", "expected"),
    [
        (CLASSES, (8, 10), integers(8), "channels_last", ("labels", 10, False)),
        (CLASSES, (8, 10), integers(8, 1), "channels_last", ("labels", 10, False)),
        (CLASSES, (8, 10), floats(8, 10), "channels_last", ("values", 10, False)),
        (CLASSES, (8, 12, 10), integers(8, 12), "channels_last", ("labels", 10, False)),
        (CLASSES, (8, 12, 10), floats(8, 12, 10), "channels_last", ("values", 10, False)),
        (CLASSES, (8, 3, 16, 20), integers(8, 16, 20), "channels_first", ("labels", 3, True)),
        (CLASSES, (8, 16, 20, 3), integers(8, 16, 20), "channels_first", ("labels", 3, False)),
        (CLASSES, (8, 3, 3, 3), integers(8, 3, 3), "channels_first", ("labels", 3, True)),
        (CLASSES, (8, 3, 3, 3), integers(8, 3, 3), "channels_last", ("labels", 3, False)),
        (CLASSES, (8, 10, 1, 1), integers(8), "channels_first", ("labels", 10, True)),
        (BINARY, (8, 1), integers(8), "channels_last", ("values", 1, False)),
        (BINARY, (8,), integers(8), "channels_last", ("values", 1, False)),
        (BINARY, (8, 1, 16, 20), floats(8, 16, 20, 1), "channels_first", ("values", 320, True)),
        (BINARY, (8, 4), integers(8), "channels_last", ("labels", 4, False)),
        (SQUARES, (8, 1), floats(8), "channels_last", ("values", 1, False)),
        (SQUARES, (8, 3, 16, 20), floats(8, 16, 20, 3), "channels_first", ("values", 960, True)),
        (SQUARES, (8, 12, 6), floats(8, 12, 6), "channels_last", ("values", 72, False)),
    ],
)
def test_the_form_of_a_target(word: Any, output: Any, y: Any, layout: Any, expected: Any) -> None:
    assert target_form(word, Output("", output), y, layout) == TargetForm(*expected)


@pytest.mark.parametrize(
    ("output", "y", "told"),
    [
        ((), integers(8), "has shape (), whose first axis is not that of the 8 samples: a model must return outputs"),
        ((12, 8), integers(8), "has shape (12, 8), whose first axis is not that of the 8 samples"),
        ((8, 12, 10), integers(8, 11), "y has shape (8, 11) and int32, the output of the model (8, 12, 10); allowed"),
        ((8, 10), floats(8), "or values of shape (8, 10)"),
    ],
)
def test_a_target_that_fits_no_output_is_told(output: Any, y: Any, told: str) -> None:
    with pytest.raises(MisfitError, match=re.escape(told)):
        target_form(CLASSES, Output("", output), y, "channels_last")


def test_rows_of_targets() -> None:
    labels = np.arange(6).reshape(2, 3)
    assert TargetForm("labels", 6, False).rows(labels).tolist() == [0, 1, 2, 3, 4, 5]
    assert TargetForm("values", 3, False).rows(labels).shape == (2, 3)


def test_labels_beyond_the_classes_are_told() -> None:
    form = TargetForm("labels", 10, False)
    require_range(form, "", np.array([[0, 9], [3, 4]]))
    require_range(TargetForm("values", 10, False), "", np.array([100]))
    for wrong in (10, -1):
        with pytest.raises(
            MisfitError, match=rf"the labels in y/side go from {min(wrong, 0)} to .* 10 classes \(0 to 9"
        ):
            require_range(form, "side", np.array([[0, wrong]]))


LOGITS, STATE = Output("logits", (8, 3)), Output("state", (8, 5))


def test_which_outputs_the_loss_is_of() -> None:
    y = np.zeros(8)
    assert heads([LOGITS, STATE], y) == [(0, "")]
    assert heads([LOGITS, STATE], (y, y)) == [(0, "0"), (1, "1")]
    assert heads([LOGITS, STATE], {"state": y}) == [(1, "state")]
    assert heads([LOGITS, STATE], {"a": y, "b": y}) == [(0, "a"), (1, "b")]
    with pytest.raises(MisfitError, match=r"y has 3 parts \(0, 1, 2\), the model 2 outputs \(logits, state\)"):
        heads([LOGITS, STATE], (y, y, y))
    classes = Output("classes", (8,), floating=False)
    assert heads([classes, LOGITS], y) == [(1, "")]
    for none in ([], [classes]):
        with pytest.raises(MisfitError, match="the model returns no tensor of floating-point numbers"):
            heads(none, y)
