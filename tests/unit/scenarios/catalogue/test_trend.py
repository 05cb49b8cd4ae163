"""A trend joins what can be compared, and names the version with which a level changed."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from made_up_catalogues import BEGIN, MACHINE, MadeUp, write_run

from harness.cli import main
from harness.composition import UserMistake
from harness.scenarios.catalogue.asking import asked
from harness.scenarios.catalogue.trend import ACCURACY, STEP_TIME, Trend, trend_of

OLD, NEW = ({"mindspore": "2.10.0", "tensorflow": version} for version in ("2.20.0", "2.21.0"))


def write_history(results: Path, count: int = 30, change_at: int = 15, **changed: object) -> None:
    """TensorFlow is 10 % slower from one run on, with its next version."""
    rng = np.random.default_rng(0)
    for number in range(count):
        is_late = number >= change_at
        step_s = {arm: 0.01 * float(np.exp(rng.normal(0, 0.02))) for arm in ("mindspore", "tensorflow")}
        step_s["tensorflow"] *= 1.1 if is_late else 1.0
        run = MadeUp(
            created=BEGIN + timedelta(days=number), seed=number, versions=NEW if is_late else OLD, step_s=step_s
        )
        write_run(results, replace(run, **changed))  # type: ignore[arg-type]


def trend(results: Path, *arguments: str) -> Trend:
    return trend_of(asked(["mnist_mlp", f"root={results}", *arguments], {}, (1, 1)))


def test_the_change_is_found_with_the_version_that_changed(tmp_path: Path) -> None:
    write_history(tmp_path)
    found = trend(tmp_path)
    (change,) = found.changes
    assert (change.series.measure, change.series.arm) == (STEP_TIME, "tensorflow")
    assert change.after / change.before == pytest.approx(1.1, abs=0.03)
    assert change.facts == ("tensorflow 2.20.0 -> 2.21.0",)
    assert abs((change.created - BEGIN).days - 15) <= 1


def test_times_of_two_machines_are_never_joined(tmp_path: Path) -> None:
    """The machine changes, and with it the speed: that is no change of a series."""
    slow = {**MACHINE, "processor": "another"}
    for number in range(40):
        is_late = number >= 20
        step_s = dict.fromkeys(("mindspore", "tensorflow"), (0.05 if is_late else 0.01) * (1 + number % 7 / 100))
        machine = slow if is_late else MACHINE
        write_run(tmp_path, MadeUp(created=BEGIN + timedelta(days=number), seed=number, machine=machine, step_s=step_s))
    found = trend(tmp_path)
    times = [series for series in found.series if series.measure == STEP_TIME]
    assert len(times) == 4
    assert all(len({row["machine"] for row in series.rows}) == 1 for series in times)
    assert found.changes == ()
    assert [len(series.rows) for series in found.series if series.measure == ACCURACY] == [40, 40]
    assert "machine" in found.differing


def test_another_spec_begins_another_series(tmp_path: Path) -> None:
    write_history(tmp_path, 24, 24)
    import json

    from harness.results.marker import Marker, complete

    for folder in sorted(tmp_path.glob("mnist_mlp/*"))[12:]:
        experiment = json.loads((folder / "experiment.json").read_text())
        experiment["training"]["batch_size"] = 20
        (folder / "experiment.json").write_text(json.dumps(experiment))
        complete(folder, Marker.of("run", 0, "AGREES: both"))
    found = trend(tmp_path)
    assert sorted(len(series.rows) for series in found.series if series.measure == STEP_TIME) == [12] * 4
    assert "spec_digest" in found.differing


def test_unfinished_and_damaged_runs_do_not_count(tmp_path: Path) -> None:
    for number, broken in enumerate(["", "cut trace", "no marker", "empty", ""]):
        write_run(tmp_path, MadeUp(created=BEGIN + timedelta(days=number), seed=number, broken=broken))
    assert {len(series.rows) for series in trend(tmp_path).series} == {2}


def test_an_unknown_experiment_is_told_with_the_nearest(tmp_path: Path) -> None:
    write_run(tmp_path, MadeUp())
    with pytest.raises(UserMistake, match="did you mean mnist_mlp"):
        trend_of(asked(["mnist_mpl", f"root={tmp_path}"], {}, (1, 1)))


def test_the_command_prints_and_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_history(tmp_path / "results")
    assert main(["trend", "mnist_mlp", f"root={tmp_path}/results", f"out={tmp_path}/drawn"]) == 0
    out = capsys.readouterr().out
    assert "tensorflow 2.20.0 -> 2.21.0" in out
    assert max(map(len, out.partition("2026-01-1")[0].splitlines())) <= 80
    assert (tmp_path / "drawn/trend.png").read_bytes().startswith(b"\x89PNG")
    assert "</svg>" in (tmp_path / "drawn/trend.svg").read_text()
    rows = list(csv.DictReader((tmp_path / "drawn/trend.csv").open()))
    assert len(rows) == 4 * 30
    assert [row["measure"] for row in rows if row["is_change"] == "True"] == ["step_time_s"]
