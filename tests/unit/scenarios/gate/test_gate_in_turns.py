"""`twinrun gate --base-python` from its command line to its folder, without processes: what is timed is made up."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench_runs import ARMS, TINY
from made_up_turns import BASE, CRASHED
from made_up_workers import MadeUpWorker, failing

from harness.cli import main
from harness.composition import interpreters
from harness.records.exit_codes import AGREES, DIVERGES, INTERRUPTED, MISTAKE, SLOWER, UNVERIFIED
from harness.records.exit_codes import CRASHED as CRASHED_CODE
from harness.records.gate import Gate, GateRow
from harness.records.interpreter import Interpreter
from harness.records.verdict import Verdict
from harness.report.pages import kind_of, pages_of
from harness.results.marker import MARKER, Marker, complete, damages
from harness.results.store import Store
from harness.results.timings import read_timings
from harness.scenarios.bench import control, estimate, one, process, rounds
from harness.spec.arm import Arm
from harness.worker.interpreter import InterpreterError

STEP_S = {"wide": 0.004, "narrow": 0.002}
Factor = float | Callable[[], float]
Gated = Callable[..., Gate]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setattr("harness.timing.intervals.RESAMPLES", 99)  # the widths of intervals are not looked at here


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch) -> Gated:
    return partial(gate_of, monkeypatch)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a gate of an unchanged tree, made once, and what it printed."""
    above, printed = tmp_path_factory.mktemp("once"), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.chdir(above)
        gate_of(patch, AGREES, "--details")
    return above / "gated", printed.getvalue()


@pytest.fixture
def unchanged(once: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of it, which a test may change."""
    return shutil.copytree(once[0], tmp_path / "gated")


def gate_of(
    patch: pytest.MonkeyPatch,
    expected: int,
    *more: str,
    head: Mapping[str, Factor] | None = None,
    base: Mapping[str, Factor] | None = None,
    diverging: tuple[str, str] = ("", ""),
) -> Gate:
    """A gate of two arms in the folder `gated`, with six rounds at the first look.

    `head`, `base`: the factors of the times of arms. `diverging`: the arm of which the optimizer diverges, by side.
    """
    random = np.random.default_rng(1)

    class Worker(MadeUpWorker):
        @staticmethod
        def step_s(arm: Arm) -> float:  # type: ignore[override]
            assert (arm.python == BASE.python) == (arm.environment.get("PYTHONPATH") == BASE.code)
            factor = ((base if arm.python else head) or {}).get(arm.name, 1.0)
            return (factor() if callable(factor) else factor) * STEP_S[arm.name] * np.exp(random.normal(0, 0.005))

    def climbed(bench: Any, arms: Any, place: str, *_: Any) -> Path:
        folder: Path = bench.folder / place
        of_side = diverging[place != "check"]
        assert {arm.python for arm in arms} == {BASE.python if place != "check" else None}
        status = {arm.name: "diverges" if arm.name == of_side else "agrees" for arm in arms}
        folder.mkdir()
        Store(folder).write_verdicts(
            [Verdict(rung="optimizer", subject="adam", arm_a=name, status=found) for name, found in status.items()]  # type: ignore[arg-type]
        )
        return folder

    patch.setattr("harness.timing.intervals.RESAMPLES", 99)
    patch.setattr(interpreters, "interpreter_at", lambda *_: BASE)
    patch.setattr(one, "_climbed", climbed)
    patch.setattr(estimate, "Worker", Worker)
    patch.setattr(process, "Worker", Worker)
    patch.setattr(control, "Worker", Worker)
    typed = [*TINY[:5], ARMS, "processes=6", "out=gated", *more]
    assert main(["gate", "--base-python", str(program()), *typed]) == expected
    path = Path("gated/gate.json")
    return Gate.model_validate_json(path.read_text()) if path.exists() else Gate(head="", base="")


def program() -> Path:
    """A file that can be run, of which nothing is asked."""
    path = Path("python").absolute()
    path.touch(0o755)
    return path


def row(gate: Gate, subject: str, check: str = "speed") -> GateRow:
    (found,) = [row for row in gate.rows if (row.check, row.subject) == (check, subject)]
    return found


def test_an_unchanged_tree_passes_at_the_first_look(
    once: tuple[Path, str], unchanged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = once[1]
    gate = Gate.model_validate_json((unchanged / "gate.json").read_text())
    assert gate.sentence == "PASSED: parity of 2, speed of 2"
    timings = read_timings(unchanged / "bench")
    assert (timings.bench.rounds, timings.bench.ended, timings.bench.base) == (6, "first look", BASE)
    assert "a first look at 6 rounds" in printed
    assert "find a slowdown of" in printed
    assert "accuracy is not judged" in printed
    assert main(["verify", str(unchanged)]) == AGREES  # also where it was copied to
    assert "bench/processes.json" in capsys.readouterr().out


def test_head_and_base_are_timed_side_by_side_in_an_order_that_turns(unchanged: Path) -> None:
    timings = read_timings(unchanged / "bench")
    order = [[p.row for p in timings.processes if p.round == number] for number in (0, 1)]
    rows = ["wide", "wide@base", "narrow", "narrow@base"]
    assert order == [["control", *rows], ["control", *reversed(rows)]]
    assert all(p.epoch_time_s is None for p in timings.processes)
    sizes = {(p.block_steps, p.steady_blocks) for p in timings.processes if p.arm == "wide"}
    assert len(sizes) == 1  # the same work on both sides


def test_versions_stand_side_by_side(once: tuple[Path, str], unchanged: Path) -> None:
    page = (unchanged / "report.md").read_text()
    for text in (once[1], page):
        assert "Head and base" in text
        assert BASE.source in text
    assert "| wide | numpy | 2 | 2 |" in " ".join(page.split())


def test_pages_are_of_the_folder_alone(unchanged: Path) -> None:
    for name, text in pages_of(unchanged).items():
        assert (unchanged / name).read_text() == text
    assert "## Rounds" in (unchanged / "bench/report.md").read_text()
    assert list(damages(unchanged)) == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("file", "text", "other"),
    [
        ("bench/bench.json", '"ended": "first look"', '"ended": "last look"'),
        ("bench/bench.json", '"source": "bbbbbbbbbbbb"', '"source": "cccccccccccc"'),
        ("gate.json", '"status": "not slower"', '"status": "slower"'),
        ("gate.json", '"base": "bbbbbbbbbbbb"', '"base": "aaaaaaaaaaaa"'),
    ],
)
def test_an_edited_record_is_noticed_though_it_is_signed(unchanged: Path, file: str, text: str, other: str) -> None:
    path = unchanged / file
    assert text in path.read_text()
    path.write_text(path.read_text().replace(text, other, 1))
    sign_again(unchanged / "bench")
    sign_again(unchanged, {"bench": unchanged / "bench"})
    assert main(["verify", str(unchanged)]) == DIVERGES


def sign_again(folder: Path, runs: Mapping[str, Path] | None = None) -> None:
    """A marker with the same outcome, over the records as they are now."""
    content = json.loads((folder / MARKER).read_text())
    fields = {key: content[key] for key in ("kind", "status", "exit_code", "sentence", "judged")}
    complete(folder, Marker(**fields), runs)


def test_a_missing_file_is_noticed(unchanged: Path) -> None:
    (unchanged / "bench/samples.parquet").unlink()
    assert main(["verify", str(unchanged)]) == UNVERIFIED


def test_a_bench_of_both_sides_is_no_side(unchanged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", str(unchanged / "bench"), "--baseline", str(unchanged / "bench")]) == MISTAKE
    assert "it holds a head and its base in turns" in capsys.readouterr().err


def test_a_slowdown_names_its_arm_alone(gated: Gated, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate = gated(SLOWER, head={"narrow": 1.1})
    assert (row(gate, "narrow").status, row(gate, "wide").status) == ("slower", "not slower")
    assert row(gate, "narrow").ratio == pytest.approx(1.1, rel=0.01)
    assert "wide" not in gate.sentence
    timings = read_timings(tmp_path / "gated/bench")
    assert (timings.bench.rounds, timings.bench.ended) == (12, "last look")
    assert "SLOWER: narrow (speed): 1." in capsys.readouterr().out
    assert main(["verify", "gated"]) == AGREES
    assert 'type="slower"' in (tmp_path / "gated/junit.xml").read_text()
    entries = {entry["name"] for entry in json.loads((tmp_path / "gated/benchmark.json").read_text())}
    assert "narrow: step time over its base" in entries


@pytest.mark.nightly
def test_a_faster_head_passes(gated: Gated) -> None:
    gate = gated(AGREES, base={"wide": 1.5})
    assert row(gate, "wide").ratio == pytest.approx(1 / 1.5, rel=0.01)


def test_a_new_divergence_fails_and_its_time_does_not_count(gated: Gated) -> None:
    gate = gated(DIVERGES, diverging=("narrow", ""))
    assert row(gate, "narrow", "parity").cause == "new: optimizer, adam"
    assert (row(gate, "narrow").status, row(gate, "wide").status) == ("unverified", "not slower")


@pytest.mark.nightly
def test_a_divergence_that_the_base_has_too_is_none(gated: Gated) -> None:
    gate = gated(UNVERIFIED, diverging=("narrow", "narrow"))
    assert row(gate, "narrow", "parity").status == "agrees"


@pytest.mark.nightly
def test_without_the_ladder_no_time_counts(gated: Gated) -> None:
    gate = gated(UNVERIFIED, "check=none")
    assert "parity of the head is unverified" in row(gate, "wide").cause
    assert main(["verify", "gated"]) == AGREES


@pytest.mark.nightly
def test_a_head_that_dies_ends_its_base_too(gated: Gated, tmp_path: Path) -> None:
    started = iter(range(100))

    def dies() -> float:
        return failing(CRASHED) if next(started) == 4 else 1.0  # the pilot, then three rounds

    gate = gated(CRASHED_CODE, head={"narrow": dies})
    assert (row(gate, "narrow").status, row(gate, "wide").status) == ("crashed", "not slower")
    timings = read_timings(tmp_path / "gated/bench")
    # The order turns: in the fourth round the base came first.
    assert max(p.round for p in timings.processes if p.row == "narrow@base") == 3
    assert max(p.round for p in timings.processes if p.row == "wide@base") == timings.bench.rounds - 1 == 5
    assert main(["verify", "gated"]) == AGREES


def test_an_interrupted_gate_keeps_its_rounds(gated: Gated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_round = rounds._time_round

    def stopped(bench: Any, number: int, chosen: Any) -> None:
        if number == 2:
            raise KeyboardInterrupt
        one_round(bench, number, chosen)

    monkeypatch.setattr(rounds, "_time_round", stopped)
    gated(INTERRUPTED)
    assert not (tmp_path / "gated" / MARKER).exists()
    assert kind_of(tmp_path / "gated") == "gate"
    assert read_timings(tmp_path / "gated/bench").bench.rounds == 2
    assert main(["verify", "gated"]) == UNVERIFIED


def test_a_check_of_something_else_leaves_nothing(gated: Gated, unchanged: Path, tmp_path: Path) -> None:
    bench = unchanged.rename(tmp_path / "other") / "bench"
    gated(MISTAKE, f"check={bench}")
    assert not (tmp_path / "gated").exists()


def test_a_base_of_another_protocol_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: Any) -> Interpreter:
        raise InterpreterError("it speaks protocol 2", "it times by version 7")

    monkeypatch.setattr(interpreters, "interpreter_at", refused)
    assert main(["gate", "--base-python", str(program()), "processes=0", "out=gated"]) == MISTAKE
    told = capsys.readouterr().err
    assert told.startswith("twinrun: 3 mistakes:")
    assert not (tmp_path / "gated").exists()
