"""A bench from its command line to its folder: rounds, records, a row that dies, an end before its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench_runs import ARMS, TINY
from in_process import Told

from harness.cli import main
from harness.records.failure import Failure, WorkerFailedError
from harness.records.timing import CONTROL
from harness.report.bench_record import BenchRecord
from harness.report.pages import kind_of, page_of
from harness.results.files import read_object
from harness.results.marker import MARKER, damages
from harness.results.timings import read_timings
from harness.scenarios.bench import process as processes
from harness.scenarios.bench import rounds
from harness.spec.arm import Arm
from harness.worker.task import Task

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench") / "run"


@pytest.fixture
def timed(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The output of a bench of two arms in `folder`, made once."""
    printed = folder.parent / "printed.txt"
    if not printed.exists():
        assert main(["bench", *TINY, ARMS, "check=none", f"out={folder}"]) == 4  # without parity no time counts
        printed.write_text(capsys.readouterr().out)
    return printed.read_text()


def test_every_round_times_the_control_and_every_row(timed: str, folder: Path) -> None:
    timings = read_timings(folder)
    assert timings.bench.ended == "precision"
    assert timings.bench.rounds == 2
    order = [(p.round, p.place, p.row) for p in timings.processes]
    assert order == [
        *((0, 0, CONTROL), (0, 1, "wide"), (0, 2, "narrow")),
        *((1, 0, CONTROL), (1, 1, "narrow"), (1, 2, "wide")),
    ]
    assert all(p.failure is None for p in timings.processes)
    for process in timings.processes:
        assert process.after is not None
        assert process.memory is not None
    rows = [p for p in timings.processes if not p.is_control]
    assert len({p.losses_digest for p in rows if p.row == "wide"}) == 1
    assert len({p.block_steps for p in rows}) == 1  # the same work is fetched back
    assert {p.batch_size for p in rows} == {500}
    samples = timings.samples
    assert set(samples["process"]) == set(range(6))
    # The control works before each of the two rows and after the last, in one process.
    assert [int((samples["process"] == number).sum()) for number in (0, 3)] == [9, 9]
    first = samples[samples["part"] == "first"]
    assert list(first["steps"]) == [1] * 4


def test_what_is_printed(timed: str) -> None:
    assert "cost  about" in timed
    assert "these tell a slowdown of" in timed
    assert "round 2: wide" in timed
    assert "check=none: the ladder was not climbed" in timed
    assert "UNVERIFIED: wide: parity" in timed


def test_the_page_is_of_the_folder_alone(timed: str, folder: Path) -> None:
    assert kind_of(folder) == "bench"
    page = (folder / "report.md").read_text()
    assert page_of(folder) == page
    for title in ("Time of a training step", "Phases", "Memory and arithmetic", "Rounds"):
        assert f"## {title}" in page
    assert list(damages(folder)) == []
    assert read_object(folder / MARKER)["kind"] == "bench"


def test_damage_is_told(timed: str, folder: Path) -> None:
    bench = folder / "bench.json"
    whole = bench.read_text()
    try:
        bench.write_text(whole.replace('"rounds": 2', '"rounds": 3'))
        record = BenchRecord.of(folder)
        assert record.sentence.startswith("UNVERIFIED: bench.json: is not what it was")
    finally:
        bench.write_text(whole)


@pytest.mark.nightly
def test_parity_is_climbed_once_and_then_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["bench", *TINY, ARMS, f"results_root={tmp_path}", "processes=1"]
    main(given)
    first = capsys.readouterr().out
    assert "rung loss" in first
    main(given)
    second = capsys.readouterr().out
    assert "rung loss" not in second
    (check,) = (tmp_path / "mnist_mlp").glob("*/check")
    assert f"parity of wide, narrow: agrees ({check})" in second
    # Another experiment has no recorded verdicts.
    main([*given, "optimizer=sgd"])
    assert "rung loss" in capsys.readouterr().out


def test_verdicts_of_another_experiment_are_refused(
    timed: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *TINY, ARMS, f"check={folder}", "seed=5"]) == 2
    assert "its verdicts are not of this experiment" in capsys.readouterr().err


@pytest.mark.nightly
def test_other_rows_go_on_where_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = Failure(symptom="signal", stage="time", message="killed by SIGKILL")

    class Failing(at_once):  # type: ignore[misc]
        started = 0

        def __init__(self, arm: Arm, *given: Any) -> None:
            super().__init__(arm, *given)
            Failing.started += arm.name == "narrow"

        def ask(self, task: Task, *given: Any, **payload: Any) -> Told:
            if Failing.started == 2 and self.arm.name == "narrow":
                raise WorkerFailedError(failure)
            told: Told = super().ask(task, *given, **payload)
            return told

    monkeypatch.setattr(processes, "Worker", Failing)
    assert main(["bench", *TINY, ARMS, "check=none", "processes=3", f"out={tmp_path / 'run'}"]) == 3
    timings = read_timings(tmp_path / "run")
    assert [p.failure for p in timings.processes if p.row == "narrow"] == [None, failure]
    assert [p.round for p in timings.of_row("wide")] == [0, 1, 2]
    assert "CRASHED: narrow: signal at time: killed by SIGKILL" in capsys.readouterr().out


def test_an_interrupted_bench_keeps_its_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    once = rounds._time_round

    def stopped(bench: object, number: int, chosen: object) -> None:
        if number == 1:
            raise KeyboardInterrupt
        once(bench, number, chosen)  # type: ignore[arg-type]

    monkeypatch.setattr(rounds, "_time_round", stopped)
    assert main(["bench", *TINY, ARMS, "check=none", f"out={tmp_path / 'run'}"]) == 130
    assert not (tmp_path / "run" / MARKER).exists()
    timings = read_timings(tmp_path / "run")
    assert (timings.bench.rounds, timings.bench.ended) == (1, None)
    assert len(timings.processes) == 3
    assert "INTERRUPTED" in (tmp_path / "run" / "report.md").read_text()
    assert not (tmp_path / "run" / ".scratch").exists()


@pytest.mark.nightly
def test_a_scaling(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [
        *TINY,
        "arms=[{use: reference, name: wide}]",
        "check=none",
        "processes=1",
        "sweep=batch_size=[250,500,1000]",
    ]
    assert main(["bench", *given, f"out={tmp_path / 'run'}"]) == 4
    out = capsys.readouterr().out
    assert "the time of a step grows like batch_size **" in out
    batch_sizes = [read_timings(tmp_path / "run" / place).processes[1].batch_size for place in ("00", "01", "02")]
    assert batch_sizes == [250, 500, 1000]
    page = (tmp_path / "run" / "report.md").read_text()
    assert page_of(tmp_path / "run") == page
    assert (tmp_path / "run" / "scaling.png").exists()
    assert kind_of(tmp_path / "run") == "bench"
    assert list(damages(tmp_path / "run")) == []


def test_rows_behind_a_spent_budget_are_not_begun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = [text for text in TINY if not text.startswith("budget_s=")]
    assert main(["bench", *few, ARMS, "check=none", "budget_s=0.01", f"out={tmp_path / 'run'}"]) == 4
    timings = read_timings(tmp_path / "run")
    (refused,) = [process for process in timings.processes if process.row == "narrow"]
    assert refused.failure is not None
    assert str(refused.failure).startswith("budget at estimate: budget_s=0.01 was spent by the rows before this one")
    assert timings.bench.rounds == 1
    assert [process.row for process in timings.processes if process.failure is None] == [CONTROL, "wide"]
    assert "budget_s=0.01 was spent" in capsys.readouterr().out
