"""Baselines: saved once, moved by two invocations, never lost; and the drift that many small steps add up to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_up_benches import HERE, write_bench

from harness.cli import main
from harness.records.exit_codes import AGREES, MISTAKE, SLOWER, UNVERIFIED
from harness.records.gate import Gate
from harness.results.baselines import Baselines

LATER = {"started": "2026-11-01T10:10:00Z", "ended": "2026-11-01T10:20:00Z"}
SOON = {"started": "2026-11-01T10:09:59Z", "ended": "2026-11-01T10:20:00Z"}
STORE = Path("results/baselines")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return write_bench(tmp_path / "first", seed=1)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def names() -> list[str]:
    return list(Baselines(STORE).folders())


def test_a_baseline_is_saved_once(first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", "save", str(first)]) == AGREES
    other = write_bench(tmp_path / "other", seed=2, factors={"mindspore": 1.3})
    assert main(["baseline", "save", str(other)]) == MISTAKE
    assert "twinrun baseline move" in said(capsys)
    assert len(names()) == 1
    elsewhere = write_bench(tmp_path / "elsewhere", seed=2, machine=HERE.model_copy(update={"cores": 64}))
    assert main(["baseline", "save", str(elsewhere)]) == AGREES  # of another machine


def test_what_is_saved_can_be_read_by_hand(first: Path) -> None:
    main(["baseline", "save", str(first)])
    (name,) = names()
    record = json.loads((STORE / "mnist_mlp" / name / "baseline.json").read_text())
    assert record["machine"]["processor"] == HERE.processor
    assert record["step_s"]["mindspore"]["0"] == pytest.approx(0.004, rel=0.05)
    assert record["accuracies"] == {"mindspore": {"0": 0.95}, "tensorflow": {"0": 0.95}}
    assert not list(STORE.glob("*/.*"))


def test_a_gate_takes_the_latest_comparable_baseline(first: Path, tmp_path: Path) -> None:
    main(["baseline", "save", str(first)])
    head = write_bench(tmp_path / "head", seed=4)
    assert main(["gate", str(head), "out=gated"]) == AGREES
    (name,) = names()
    assert main(["gate", str(head), "--baseline", name, "out=named"]) == AGREES
    folder = STORE / "mnist_mlp" / name
    assert main(["gate", str(head), "--baseline", str(folder), "out=by_folder"]) == AGREES
    assert Gate.model_validate_json(Path("gated/gate.json").read_text()).oldest == ""


def test_two_invocations_hours_apart_move_it(first: Path, tmp_path: Path) -> None:
    main(["baseline", "save", str(first)])
    (before,) = names()
    second = write_bench(tmp_path / "second", seed=2, **LATER)  # type: ignore[arg-type]
    assert main(["baseline", "move", str(second), str(first)]) == AGREES
    (after,) = set(names()) - {before}
    record = Baselines(STORE).read(after)
    assert record.moved_from == before
    assert record.source == str(second)
    assert record.confirmed_by is not None
    assert record.confirmed_by[0] == str(first)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (SOON, "it takes 2 hours between them"),
        ({**LATER, "factors": {"mindspore": 1.1}}, "mindspore slower"),
        ({**LATER, "factors": {"mindspore": 0.9}}, "mindspore slower"),
        ({**LATER, "spread": 0.2}, "undecided"),
        ({**LATER, "digest": "another"}, "another plan"),
    ],
)
def test_what_does_not_move_it(
    first: Path, tmp_path: Path, changes: dict[str, object], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["baseline", "save", str(first)])
    second = write_bench(tmp_path / "second", seed=2, **changes)  # type: ignore[arg-type]
    assert main(["baseline", "move", str(first), str(second)]) == MISTAKE
    assert reason in said(capsys)
    assert len(names()) == 1


def test_one_invocation_twice_does_not_move_it(first: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["baseline", "save", str(first)])
    assert main(["baseline", "move", str(first), str(first)]) == MISTAKE
    assert "the same invocation" in said(capsys)


def test_small_steps_add_up_to_a_drift(first: Path, tmp_path: Path) -> None:
    """Each move is by 2 %, which no gate stops; the third run is slower than the oldest baseline."""
    main(["baseline", "save", str(first)])
    for hour, factor in ((12, 1.02), (18, 1.04)):
        pair = [
            write_bench(
                tmp_path / f"{hour + 3 * i}",
                seed=hour + i,
                factors={"mindspore": factor},
                started=f"2026-11-01T{hour + 3 * i}:00:00Z",
                ended=f"2026-11-01T{hour + 3 * i}:10:00Z",
            )
            for i in range(2)
        ]
        assert main(["baseline", "move", *map(str, pair)]) == AGREES
    head = write_bench(tmp_path / "head", seed=30, factors={"mindspore": 1.055})
    assert main(["gate", str(head), "out=gated"]) == SLOWER
    gate = Gate.model_validate_json(Path("gated/gate.json").read_text())
    answers = {(row.check, row.subject): row.status for row in gate.rows}
    assert answers["speed", "mindspore"] == "not slower"
    assert answers["drift", "mindspore"] == "slower"
    assert answers["drift", "tensorflow"] == "not slower"
    assert gate.oldest.endswith(f"{names()[0]}/run")


@pytest.mark.parametrize("place", ["baseline.json", "run/complete.json", "run/samples.parquet"])
def test_a_damaged_baseline_is_named_and_not_passed_over(
    first: Path, tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["baseline", "save", str(first)])
    file = STORE / "mnist_mlp" / names()[0] / place
    file.write_bytes(file.read_bytes()[:-20])
    head = write_bench(tmp_path / "head", seed=4)
    assert main(["gate", str(head)]) == MISTAKE
    assert file.name in said(capsys)
    assert main(["baseline", "save", str(head)]) == MISTAKE
    if place != "run/samples.parquet":
        assert main(["baseline", "list"]) == UNVERIFIED


def test_list_and_show(first: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", "list"]) == AGREES
    main(["baseline", "save", str(first)])
    (name,) = names()
    assert main(["baseline", "list"]) == AGREES
    assert main(["baseline", "show", name]) == AGREES
    printed = capsys.readouterr().out
    assert "has no baseline" in printed
    assert "the first" in printed
    assert "median step of each process, ms" in printed


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (["sav"], "save"),
        (["save"], "takes 1 folders or names; given: 0"),
        (["show", "nothing"], "has no baseline 'nothing'"),
        (["move", "a"], "takes 2"),
    ],
)
def test_mistakes_are_told(typed: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", *typed]) == MISTAKE
    assert reason in said(capsys)
