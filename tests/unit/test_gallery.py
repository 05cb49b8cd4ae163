"""The page of the gallery: each model has an experiment that expects an accuracy; the table has the measurements."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.composition import compose
from harness.spec.expectations import AccuracyBetween

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
import gallery  # noqa: E402

ROWS = gallery.read()


def test_the_page_has_the_measured_table() -> None:
    page = gallery.PAGE.read_text()
    assert gallery.with_table(page, ROWS) == page


@pytest.mark.parametrize("name", gallery.EPOCHS)
def test_each_model_has_an_experiment_that_expects_an_accuracy(name: str) -> None:
    experiment = compose([f"experiment={name}"]).experiment
    (expected,) = experiment.expected
    assert isinstance(expected, AccuracyBetween)
    assert expected.low >= 0.85
    assert f"`{name}`" in gallery.PAGE.read_text()
    for arm in gallery.ARMS:
        measured = ROWS.get(name, {}).get(f"digits_{arm}", "")
        assert not measured or float(measured) >= expected.low


def test_a_row_that_is_not_measured_has_empty_cells() -> None:
    rows = {"lenet5": {**dict.fromkeys(gallery.COLUMNS, ""), "experiment": "lenet5"}}
    assert "| lenet5 | 61,706" in " ".join(gallery.table(rows).split())
