"""What a bench and a scaling print: a row for each arm with its ratio, the sentence alone, an object."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from made_up_benches import write_bench
from made_up_traces import NOISE, verdict

from harness.plan import draw_plan
from harness.records.timing import CONTROL, Credit, Estimate
from harness.report.bench_record import BenchRecord
from harness.report.detail import Detail
from harness.report.presented import InDetail
from harness.report.screen.bench import BenchTerminal
from harness.results.scalings import ScalingRecord, place_of, write_scaling

SENTENCE = "TIMED: mindspore takes 4 ms a step; tensorflow 1.5 times as long"
WRONG = Credit(status="diverges", source="check", cause="rung model: logits")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_bench(tmp_path / "bench", credits={"tensorflow": WRONG})


def test_a_screenful_fits(folder: Path, fitting: Callable[[], str]) -> None:
    InDetail().bench_listener().end(folder, 0, SENTENCE)
    text = fitting()
    assert "Time of a training step" in text
    assert "Phases" not in text
    assert "tensorflow: parity: rung model: logits" in text
    assert "control: the control's time differs by" in text
    assert SENTENCE in text


def test_a_row_has_its_time_its_ratio_and_whether_it_counts(folder: Path, lines: Callable[[], list[str]]) -> None:
    InDetail().bench_listener().end(folder, 0, SENTENCE)
    printed = lines()
    (head,) = (line.split() for line in printed if line.startswith("row "))
    assert head == ["row", "step", "over", "mindspore", "interval", "samples/s", "status"]
    (row,) = (line.split() for line in printed if line.startswith("tensorflow  "))
    summary = BenchRecord.of(folder).rows[1]
    assert summary.ratio is not None
    assert row[3:6] == [f"{summary.ratio.estimate:.3f}", f"{summary.ratio.low:.3f}", "to"]
    assert row[-1] == "diverges"


def test_every_table_is_in_the_details(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    InDetail("details").bench_listener().end(folder, 0, SENTENCE)
    out = capsys.readouterr().out
    for title in ("Time of a training step", "Phases", "Rounds"):
        assert title in out


def test_the_sentence_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listener = InDetail("sentence").bench_listener()
    listener.round(1, BenchRecord.of(folder).rows)
    listener.end(folder, 0, SENTENCE)
    assert capsys.readouterr().out == SENTENCE + "\n"


def test_an_object_for_scripts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listener = InDetail("json").bench_listener()
    listener.round(1, BenchRecord.of(folder).rows)
    listener.end(folder, 1, SENTENCE)
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["exit_code"], outcome["rounds"], outcome["machine_moved"]) == (1, 16, False)
    first, second = outcome["rows"]
    assert (first["ratio"], first["base"], second["base"]) == (None, None, "mindspore")
    assert second["ratio"]["low"] < second["ratio"]["estimate"] < second["ratio"]["high"]
    assert second["step_s"]["estimate"] == pytest.approx(0.006, rel=0.05)
    assert second["notes"] == ["parity: rung model: logits"]


def test_a_machine_that_moved_is_told_once(tmp_path: Path, fitting: Callable[[], str]) -> None:
    folder = write_bench(tmp_path / "bench", factors={CONTROL: 1.0}, drift=0.5)
    InDetail().bench_listener().end(folder, 4, "UNVERIFIED: it moved")
    assert fitting().count("the machine moved") == 1


@pytest.fixture
def swept(tmp_path: Path) -> Path:
    folder = tmp_path / "sweep"
    folder.mkdir()
    write_scaling(folder, ScalingRecord(key="batch_size", values=("50", "100", "200")))
    for number, factor in enumerate((1.0, 2.0, 4.0)):
        write_bench(folder / place_of(number), factors={"mindspore": factor, "tensorflow": factor})
    return folder


def test_a_scaling_has_a_row_for_each_value_and_arm(swept: Path, fitting: Callable[[], str]) -> None:
    InDetail().show_scaling(swept, 0, "TIMED: 3 values of batch_size")
    text = fitting()
    assert "mindspore: the time of a step grows like batch_size ** 1.0" in text
    assert "TIMED: 3 values of batch_size" in text
    assert all(text.count(f"{value} {arm} ") == 1 for value in (50, 100, 200) for arm in ("mindspore", "tensorflow"))


def test_a_scaling_is_one_object(swept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = InDetail("json")
    shown.bench_listener("batch_size=50").end(swept / place_of(0), 0, SENTENCE)
    shown.show_scaling(swept, 0, "TIMED: 3 values of batch_size")
    outcome = json.loads(capsys.readouterr().out)
    assert [bench["value"] for bench in outcome["benches"]] == ["50", "100", "200"]
    assert [len(bench["rows"]) for bench in outcome["benches"]] == [2, 2, 2]


@pytest.mark.parametrize("detail", get_args(Detail))
def test_a_part_of_a_sweep_tells_no_outcome_of_its_own(
    detail: Detail, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    BenchTerminal(detail, "batch_size=50").end(folder, 0, SENTENCE)
    out = " ".join(capsys.readouterr().out.split())
    assert (SENTENCE in out) == (detail in ("screen", "details"))
    assert ("results:" in out) == (detail == "details")


@pytest.mark.parametrize(("is_part", "said"), [(False, True), (True, False)])
def test_the_ladder_of_a_bench_does_not_tell_again_what_runs(
    is_part: bool, said: bool, experiment_of: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = experiment_of()
    listener = InDetail().run_listener(is_part)
    listener.begin(experiment, draw_plan(experiment, 40), NOISE, tmp_path)
    listener.rung("model", [verdict()])
    out = capsys.readouterr().out
    assert ("parameters" in out) == said
    assert "rung model" in out


def test_what_a_bench_times_and_costs_fits(experiment_of: Any, folder: Path, fitting: Callable[[], str]) -> None:
    experiment, record = experiment_of(), BenchRecord.of(folder)
    assert record.timings is not None
    estimate = Estimate(round_s=12.0, rounds=20, spread=0.03, resolution=0.05)
    listener = InDetail().bench_listener()
    listener.bench(experiment, draw_plan(experiment, 40), NOISE, record.timings.bench.rows)
    listener.credited(record.timings.bench.rows)
    listener.estimated(record.timings.bench.model_copy(update={"estimate": estimate}))
    text = fitting()
    assert text.startswith("small: mindspore (graph), tensorflow (graph) data noise; plan")
    assert "parity of tensorflow: diverges (check): rung model: logits" in text
    assert "cost about 12 s a round" in text


def test_a_round_is_a_line_where_no_terminal_shows_a_bar(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = BenchRecord.of(folder).rows
    InDetail().bench_listener().round(3, rows)
    steps = ", ".join(f"{row.row.name} {1e3 * row.step_s.estimate:.3g} ms" for row in rows)
    assert capsys.readouterr().out == f"  round 3: {steps}\n"
