"""What the document of a page says: numbers that matter, evidence, tables, and plots only of what was recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up_benches import write_bench

from harness.records.verdict import Verdict
from harness.report.bench_record import BenchRecord
from harness.report.html.bench_page import bench_document
from harness.report.html.blocks import Pictures, TableBlock
from harness.report.html.figures.confusion import confusion_matrices
from harness.report.html.figures.learning_rates import learning_rates
from harness.report.html.key_numbers import of_verdicts
from harness.report.html.ladder import ladder
from harness.report.html.pages import document_of
from harness.report.markdown import report
from harness.report.run_record import RunRecord
from harness.results.files import read_object
from harness.results.marker import MARKER
from harness.system.array_files import save_arrays

SAID = {"rung": "optimizer", "arm_a": "one", "arm_b": "other", "tolerance_source": "8 x the error"}
WORST = Verdict(
    **SAID, subject="adam", status="diverges", culprit="one", judgement="one wrong", step=3, worst_index="a[1]",
    value_a=1.5, value_b=1.0, value_reference=1.0, ulp_a=4e6, ulp_b=0.4, worst_ulp=4e6, tolerance=1e-7,
    error_over_tolerance=5e6, detects=1e-6, cause="epsilon", advice="one with optimizer.epsilon: 1e-8",
)  # fmt: skip
FINE = Verdict(**SAID, subject="sgd", status="agrees", error_over_tolerance=0.25)
KNOWN = Verdict(**{**SAID, "rung": "activation"}, subject="sigmoid", status="known", error_over_tolerance=3.1)


def test_the_numbers_that_matter() -> None:
    worst, first = of_verdicts([KNOWN, FINE])
    assert (worst.value, worst.note) == ("25.0%", "optimizer: sgd")  # what the ledger excuses has its own bound
    assert (first.value, first.note) == ("none", "1 known, 1 agree")
    worst, first = of_verdicts([KNOWN, FINE, WORST])
    assert worst.value == "5e+06 times"
    assert (first.value, first.note) == ("optimizer", "adam: step 3, a[1]")
    assert of_verdicts([]) == []


def test_a_rung_has_the_evidence_of_what_disagrees_and_of_the_worst_that_agrees() -> None:
    climbed = ladder([KNOWN, FINE.model_copy(update={"error_over_tolerance": 0.1}), FINE, WORST])
    assert climbed is not None
    activation, optimizer = climbed.rungs
    assert (optimizer.status, optimizer.share, optimizer.where) == ("diverges", 5e6, "adam, a[1]")
    assert [check.title for check in optimizer.evidence] == ["adam", "sgd"]
    facts = {name: value for name, value, _ in optimizer.evidence[0].facts}
    assert facts["one"] == "1.5 (4e+06 ULP)"
    assert facts["other"] == "1 (0.4 ULP)"
    assert facts["the reference"] == "1"
    assert facts["first step"] == "3"
    assert facts["certificate"] == "1e-06"
    assert facts["advice"] == "one with optimizer.epsilon: 1e-8"
    assert facts["tolerance from"] == "8 x the error"
    assert [check.status for check in activation.evidence] == ["known"]


def test_the_tables_are_those_of_the_markdown(made: Path) -> None:
    document, markdown = document_of(made), report(RunRecord.of(made))
    tables = {table.title: table for table in document.tables}
    for row in [*tables["Parity"].rows, *tables["By rung"].rows, *tables["Accuracy and time by arm"].rows]:
        filled = [cell for cell in row if cell]
        assert any(all(cell in line for cell in filled) for line in markdown.splitlines())
    words = tables["How each arm makes the words of the spec"]
    assert [column.head for column in words.columns] == ["word of the spec", "kind", "wide", "kind", "narrow"]
    environment = tables["Settings and environments of the arms"]
    precision = next(row for row in environment.rows if row[0] == "arm.precision")
    assert precision == ("arm.precision", "float64", "float32", "yes")
    assert ("left", "weights, predictions", "weights, predictions", "no") in environment.rows
    assert [column.head for column in environment.columns if column.is_name] == ["wide", "narrow"]
    assert {environment.rows[number][-1] for number in environment.marked} == {"yes"}


def test_the_digests_are_those_of_the_marker(made: Path) -> None:
    (table,) = [table for table in document_of(made).tables if table.title == "Digests of the records"]
    assert dict(table.rows) == read_object(made / MARKER)["records"]
    assert "confusion.parquet" in dict(table.rows)


def test_a_plot_whose_numbers_are_not_there_is_left_out(run_folder: Path) -> None:
    def names() -> list[str]:
        return [figure.name for figure in document_of(run_folder).figures]

    assert names() == ["losses", "learning-rates", "free-runs", "step-times", "confusion"]
    (run_folder / "free_runs.json").unlink()
    (run_folder / "confusion.parquet").unlink()
    assert names() == ["losses", "learning-rates", "step-times"]


def test_learning_rates_are_held_against_the_formula(made: Path) -> None:
    run = RunRecord.of(made)
    assert run.experiment is not None
    figure = learning_rates(run.traces, run.experiment.schedule)
    assert figure is not None
    assert list(figure.numbers.columns) == ["step", "reference", "rate/wide", "ulp/wide", "rate/narrow", "ulp/narrow"]
    assert (figure.numbers["ulp/wide"] == 0).all()
    assert figure.numbers["ulp/narrow"].max() < 1


def test_confusions_in_words() -> None:
    table = pd.DataFrame({"arm": "one", "label": [0, 0, 1], "prediction": [0, 1, 1], "count": [90, 10, 100]})
    figure = confusion_matrices(table)
    assert figure is not None
    assert "one puts 10 of 200 test images into a wrong class, most often 0 into 1 (10 times)" in figure.description
    assert confusion_matrices(table.iloc[:0]) is None


def test_flipped_images_are_pictures_with_both_predictions(run_folder: Path) -> None:
    flips = {
        "arm_a": ["wide"],
        "arm_b": ["narrow"],
        "index": [7],
        "label": [3],
        "prediction_a": [3],
        "prediction_b": [8],
    }
    pd.DataFrame({**flips, "margin_a": [0.5], "margin_b": [0.25]}).to_parquet(run_folder / "flips.parquet")
    save_arrays(run_folder / "flips.npz", {"index": np.array([7]), "image": np.full((1, 28, 28, 1), 9, np.uint8)})
    document = document_of(run_folder)
    (sheet,) = [item for item in document.blocks() if isinstance(item, Pictures)]
    assert sheet.pictures[0].lines == ("image 7 is 3", "wide: 3 by 0.5", "narrow: 8 by 0.25")
    assert sheet.pictures[0].pixels.shape == (28, 28)
    difference = next(number for number in document.key_numbers if number.label.startswith("difference"))
    assert (difference.value, difference.subject) == ("+0.10", "wide − narrow")
    assert "95% interval" in difference.note
    assert "over the test images of one seed" in difference.note


def test_a_bench_has_ratios_with_intervals(tmp_path: Path) -> None:
    document = bench_document(BenchRecord.of(write_bench(tmp_path / "bench")))
    ratio = document.key_numbers[-1]
    assert (ratio.label, ratio.subject) == ("time of a step, ratio", "tensorflow / mindspore")
    assert ratio.value.startswith("1.5")
    assert " to " in ratio.value
    assert {"bench-steps", "ratios"} <= {figure.name for figure in document.figures}
    assert all(figure.description for figure in document.figures)


def test_of_many_rows_a_few_numbers_stand_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.report.html.bench_page.MOST_ROWS", 1)
    document = bench_document(BenchRecord.of(write_bench(tmp_path / "bench")))
    subjects = [(number.label, number.subject) for number in document.key_numbers]
    assert subjects == [("time of a step", "mindspore"), ("time of a step, ratio", "tensorflow / mindspore")]


@pytest.mark.parametrize(
    ("cells", "kind"), [(["1", "-2.5 ms"], "number"), (["a", "1"], "text"), (["", "3%"], "number")]
)
def test_a_column_of_numbers_is_told_by_its_cells(cells: list[str], kind: str) -> None:
    table = TableBlock.of("t", (["name", "x"], [["n", cell] for cell in cells]))
    assert table.columns[1].kind == kind
