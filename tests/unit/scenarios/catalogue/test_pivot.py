"""The table of statistics is what the definitions of the statistics give."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from statistics import mean, median, stdev

import pytest
from made_up_catalogues import MadeUp, with_seeds, write_run

from harness.cli import main
from harness.composition import UserMistake
from harness.scenarios.catalogue.asking import asked
from harness.scenarios.catalogue.pivot import DEFAULTS, STATISTICS, Pivot, pivoted

ACCURACIES = (0.91, 0.93, 0.92)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    for run, accuracy in zip(with_seeds(MadeUp(), 3), ACCURACIES, strict=True):
        write_run(results, replace(run, accuracy={"mindspore": 0.9, "tensorflow": accuracy}))
    write_run(results, MadeUp(experiment="cnn_[b]$_%&|x", versions={"mindspore": "2.10.0", "tensorflow": "2.20.0"}))
    return results


def table(results: Path, *arguments: str) -> Pivot:
    return pivoted(asked([f"root={results}", *arguments], dict.fromkeys(DEFAULTS, str), (0, 0)))


def test_every_statistic_is_its_definition(results: Path) -> None:
    pivot = table(results, "rows=arm", "experiment=mnist_mlp", f"statistic={','.join(STATISTICS)}", "arm=tensorflow")
    ((name, *values),) = pivot.rows
    assert name == "tensorflow"
    expected = {
        "mean": mean(ACCURACIES),
        "median": median(ACCURACIES),
        "min": min(ACCURACIES),
        "max": max(ACCURACIES),
        "std": stdev(ACCURACIES),
        "count": 3,
        "last": ACCURACIES[-1],
    }
    found = dict(zip((head.split()[0] for head in pivot.head[1:]), values, strict=True))
    assert found == pytest.approx(expected)


def test_columns_are_the_values_of_a_column(results: Path) -> None:
    pivot = table(results, "rows=experiment,arm", "columns=version", "values=step_time_s")
    assert pivot.head == ["experiment", "arm", "2.10.0", "2.20.0", "2.21.0"]
    by_name = {tuple(row[:2]): row[2:] for row in pivot.rows}
    assert by_name["mnist_mlp", "tensorflow"] == [None, None, pytest.approx(0.01)]


def test_all_mistakes_are_told_at_once(results: Path) -> None:
    with pytest.raises(UserMistake) as caught:
        table(results, "rows=experment,arm", "columns=arm", "values=host", "statistic=average")
    told = caught.value.mistakes
    assert len(told) == 4
    assert "did you mean experiment?" in told[0]
    assert "arm is used more than once" in told


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "csv"])
def test_names_are_text_in_every_form(results: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", f"root={results}", "--format", form]) == 0
    out = capsys.readouterr().out
    if form == "latex":
        assert r"cnn\_[b]\$\_\%\&|x" in out
    elif form == "markdown":
        assert "&#124;" in out
    elif form == "csv":
        rows = list(csv.reader(io.StringIO(out)))
        assert {row[0] for row in rows[1:]} == {"cnn_[b]$_%&|x", "mnist_mlp"}
    else:
        assert "cnn_[b]$_%&|x" in out


def test_nothing_that_fits_is_no_error(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", f"root={results}", "experiment=none"]) == 0
    assert "no arms that fit" in capsys.readouterr().out
