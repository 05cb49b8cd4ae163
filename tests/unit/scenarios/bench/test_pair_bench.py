"""`twinrun bench pair=FILE` from its command line to its folder, without processes: times and verdicts are made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_workers import MadeUpWorker, failing

from harness.cli import main
from harness.composition import UserMistake
from harness.records.exit_codes import AGREES, CRASHED, DIVERGES, INTERRUPTED, MISTAKE, UNVERIFIED
from harness.records.failure import Failure
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.report.bench_record import BenchRecord
from harness.report.pages import kind_of, page_of
from harness.results.marker import MARKER, Marker, complete, damages
from harness.results.store import write_text
from harness.results.timings import read_timings
from harness.scenarios.bench import control, estimate, process, rounds
from harness.scenarios.bench import pair as benches
from harness.scenarios.pair import start as checks
from harness.scenarios.pair.state import PairRun
from harness.spec.arm import Arm
from harness.subjects.pair.facts import code_digest
from harness.subjects.pair.records import PAIR

FILE = """
name: mine
models:
  mindspore: {builder: "left.py:net", layout: channels_first}
  tensorflow: {builder: "right.py:net"}
batches: data.npz
batch_size: 4
steps: 3
loss: softmax_cross_entropy
optimizer: {use: momentum, momentum: 0.5}
schedule: {kind: constant, rate: 0.1}
"""
STEP_S = {"mindspore": 0.004, "tensorflow": 0.002}
TYPED = ["pair=pair.yaml", "processes=3", "arm.arrangement=none"]
Checked = list[Path]


class Worker(MadeUpWorker):
    step_s = staticmethod(lambda arm: STEP_S[arm.name])  # type: ignore[assignment]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("left", "right"):
        (tmp_path / f"{name}.py").write_text("def net():\n    return None\n")
    np.savez(tmp_path / "data.npz", x=np.arange(40.0).reshape(10, 4), y=np.arange(10))
    (tmp_path / "pair.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.timing.intervals.RESAMPLES", 99)
    monkeypatch.setattr("harness.scenarios.bench.credit.versions_of", lambda arm: {})
    monkeypatch.setattr(estimate, "Worker", Worker)
    monkeypatch.setattr(process, "Worker", Worker)
    monkeypatch.setattr(control, "Worker", Worker)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Checked:
    """The folders of the checks that were climbed; each agrees."""
    return climbing(monkeypatch, "agrees")


def climbing(monkeypatch: pytest.MonkeyPatch, status: Any) -> Checked:
    folders: Checked = []

    def check(composed: Any, arrangements: Any, folder: Path, listener: Any, page: Callable[[Path], str]) -> PairRun:
        folders.append(folder)
        run = PairRun(composed, folder, listener, code=code_digest(composed))
        for arm in composed.pair.arms:
            run.traces[arm.name] = Trace(arm=arm)
            (folder / "arms" / arm.name).mkdir(parents=True)
        a, b = run.traces
        run.verdicts = [Verdict(rung="model", subject="logits", arm_a=a, arm_b=b, status=status, cause="made up")]
        write_text(folder / PAIR, composed.pair.model_dump_json())
        checks._write_records(run)
        complete(folder, Marker.of("pair", run.exit_code, run.sentence, run.coverage))
        write_text(folder / "report.md", page(folder))
        return run

    monkeypatch.setattr(benches, "check_pair", check)
    return folders


def test_both_sides_are_timed_in_rounds(checked: Checked, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *TYPED, "out=run"]) == AGREES
    printed = capsys.readouterr().out
    folder = tmp_path / "run"
    timings = read_timings(folder)
    order = [[p.row for p in timings.processes if p.round == number] for number in range(2)]
    assert order == [["control", "mindspore", "tensorflow"], ["control", "tensorflow", "mindspore"]]
    assert timings.bench.ended == "precision"
    assert all(p.epoch_time_s is None or p.is_control for p in timings.processes)
    assert "pair mine: mindspore (pynative), tensorflow (eager)" in printed
    assert "runs code that pair.yaml names: left.py:net, in mindspore's process" in printed
    assert "TIMED: mindspore takes 4 ms" in printed
    assert "tensorflow 0.500" in printed
    assert checked == [folder / "check"]
    assert kind_of(folder) == "bench"
    assert list(damages(folder)) == []


def test_the_row_says_what_is_timed(checked: Checked, tmp_path: Path) -> None:
    main(["bench", *TYPED, "out=run"])
    (first, _) = read_timings(tmp_path / "run").bench.rows
    assert first.work.startswith(
        "forward, backward and momentum update of left.py:net on one batch of 4, in mode pynative"
    )
    page = (tmp_path / "run/report.md").read_text()
    assert page == page_of(tmp_path / "run")
    assert page.startswith("# mine, timed\n")
    assert "a step of mindspore is forward, backward and momentum update" in page


@pytest.mark.nightly
def test_verify_recomputes_it(checked: Checked, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["bench", *TYPED, "out=run"])
    capsys.readouterr()
    assert main(["verify", "run"]) == AGREES
    printed = capsys.readouterr().out
    for file in ("bench.json", "processes.json", "verdicts.parquet", "check/complete.json", "report.md"):
        assert file in printed
    samples = tmp_path / "run/samples.parquet"
    samples.write_bytes(samples.read_bytes()[:-20])
    assert main(["verify", "run"]) == UNVERIFIED


def test_a_recorded_check_of_the_same_pair_is_used(checked: Checked, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *TYPED]) == AGREES
    assert main(["bench", *TYPED, "out=again"]) == AGREES
    assert len(checked) == 1
    assert f"({checked[0]})" in capsys.readouterr().out
    assert main(["verify", "again"]) == AGREES


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: Path("left.py").write_text("def net():\n    return 1\n"), "are not those that were checked"),
        (lambda: Path("helper.py").write_text(""), "are not those that were checked"),
        (lambda: np.savez("data.npz", x=np.ones((10, 4)), y=np.arange(10)), "are not those that were checked"),
        (lambda: Path("pair.yaml").write_text(FILE.replace("0.5", "0.9")), "optimizer"),
    ],
)
def test_a_check_of_another_pair_is_not(
    checked: Checked, tmp_path: Path, change: Callable[[], object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["bench", *TYPED])
    change()
    assert main(["bench", *TYPED, f"check={checked[0]}", "out=other"]) == MISTAKE
    told = capsys.readouterr().err
    assert "its verdicts are not of this pair" in told
    assert said in told
    assert not (tmp_path / "other").exists()
    assert main(["bench", *TYPED]) == AGREES
    assert len(checked) == 2


def test_a_pair_that_diverges_has_no_credit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    climbing(monkeypatch, "diverges")
    assert main(["bench", *TYPED, "out=run"]) == DIVERGES
    credits = [row.credit for row in read_timings(tmp_path / "run").bench.rows]
    assert [credit.status for credit in credits if credit is not None] == ["diverges", "diverges"]
    assert main(["verify", "run"]) == AGREES


def test_without_the_check_no_time_counts(checked: Checked) -> None:
    assert main(["bench", *TYPED, "check=none", "out=run"]) == UNVERIFIED
    assert checked == []
    assert main(["verify", "run"]) == AGREES


def test_a_side_that_dies_leaves_the_other(checked: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = iter(range(100))
    failure = Failure(symptom="signal", stage="time", message="killed by SIGKILL")

    class Dying(Worker):
        @staticmethod
        def step_s(arm: Arm) -> float:  # type: ignore[override]
            is_dead = arm.name == "tensorflow" and next(started) == 2
            return failing(failure) if is_dead else STEP_S[arm.name]

    monkeypatch.setattr(process, "Worker", Dying)
    monkeypatch.setattr(estimate, "Worker", Dying)
    assert main(["bench", *TYPED, "out=run"]) == CRASHED
    timings = read_timings(tmp_path / "run")
    assert len(timings.of_row("mindspore")) == 3
    assert [p.failure for p in timings.processes if p.row == "tensorflow"] == [None, failure]


def test_batches_that_cannot_be_drawn_are_recorded(
    checked: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(*_: Any) -> None:
        raise benches.BatchesError("batches.py:bars raised ValueError: none")

    monkeypatch.setattr(benches, "draw", nothing)
    assert main(["bench", *TYPED, "out=run"]) == CRASHED
    assert "batches.py:bars raised ValueError: none" in capsys.readouterr().out
    assert read_timings(tmp_path / "run").bench.ended == "failed"


def test_parameters_that_nobody_can_pair_leave_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def asks(*_: Any) -> PairRun:
        raise UserMistake(["parameters: mindspore fc0.weight may be any of dense_1/kernel, dense_2/kernel"])

    monkeypatch.setattr(benches, "check_pair", asks)
    assert main(["bench", *TYPED, "out=run"]) == MISTAKE
    assert "parameters: mindspore fc0.weight may be any of" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_interrupted_bench_keeps_its_rounds(
    checked: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = rounds._time_round

    def stopped(bench: Any, number: int, chosen: Any) -> None:
        if number == 1:
            raise KeyboardInterrupt
        once(bench, number, chosen)

    monkeypatch.setattr(rounds, "_time_round", stopped)
    assert main(["bench", *TYPED, "out=run"]) == INTERRUPTED
    folder = tmp_path / "run"
    assert not (folder / MARKER).exists()
    assert kind_of(folder) == "bench"  # it holds a pair too
    assert BenchRecord.of(folder).name == "mine"
    assert not (folder / ".scratch").exists()


def test_all_mistakes_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    typed = ["modes=all", "sweep=batch_size=[1,2]", "target_accuracy=90%", "precision=9", "steps=0", "optimizer=adan"]
    assert main(["bench", *TYPED, *typed, "out=run"]) == MISTAKE
    told = capsys.readouterr().err
    for said in (
        "modes: a pair has no modes: each side is timed in the mode of its arm",
        "sweep: a pair has no sweep: time one pair at a time",
        "target_accuracy: a pair has no target_accuracy",
        "precision: given",
        "steps",
        "there is no optimizer 'adan'",
    ):
        assert said in told
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "pair=pear.yaml"]) == MISTAKE
    assert "did you mean pair.yaml?" in capsys.readouterr().err
    assert main(["bench", "--cfg", "job", *TYPED]) == MISTAKE
    assert "models of your own have no config of ours" in capsys.readouterr().err
