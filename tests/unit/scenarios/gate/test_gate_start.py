"""`twinrun gate` on recorded benches: each answer, each refusal, and what it leaves."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from made_up_benches import HERE, write_bench

from harness.cli import main
from harness.records.exit_codes import AGREES, CRASHED, DIVERGES, MISTAKE, SLOWER, UNDECIDED, UNVERIFIED
from harness.records.gate import Gate, GateRow
from harness.records.timing import CONTROL, Credit
from harness.results.marker import damages


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_bench(tmp_path / "base", seed=1)


def gated(head: Path, base: Path, expected: int) -> Gate:
    assert main(["gate", str(head), "--baseline", str(base), "out=gated"]) == expected
    return Gate.model_validate_json(Path("gated/gate.json").read_text())


def row(gate: Gate, check: str, subject: str) -> GateRow:
    (found,) = [row for row in gate.rows if row.check == check and subject in row.subject]
    return found


def test_an_unchanged_tree_passes(base: Path, tmp_path: Path) -> None:
    gate = gated(write_bench(tmp_path / "head", seed=2), base, AGREES)
    assert {row.status for row in gate.rows} == {"agrees", "not lower", "not slower"}
    assert {row.check for row in gate.rows} == {"parity", "accuracy", "speed"}
    assert gate.sentence == "PASSED: parity of 2, accuracy of 2, speed of 2"


def test_a_slowdown_fails_and_its_row_is_named(base: Path, tmp_path: Path) -> None:
    gate = gated(write_bench(tmp_path / "head", seed=2, factors={"mindspore": 1.1}), base, SLOWER)
    slow = row(gate, "speed", "mindspore")
    assert slow.status == "slower"
    assert slow.low is not None
    assert slow.high is not None
    assert slow.low < 1.1 < slow.high
    assert row(gate, "speed", "tensorflow").status == "not slower"
    assert gate.sentence.startswith("SLOWER: mindspore (speed): 1.")


def test_one_framework_getting_faster_fails_nobody(base: Path, tmp_path: Path) -> None:
    gate = gated(write_bench(tmp_path / "head", seed=2, factors={"tensorflow": 0.7}), base, AGREES)
    assert row(gate, "speed", "tensorflow").ratio == pytest.approx(0.7, rel=0.03)
    assert row(gate, "speed", "mindspore").ratio == pytest.approx(1.0, rel=0.03)


def test_a_machine_that_moved_makes_every_row_unverified(base: Path, tmp_path: Path) -> None:
    """All takes a tenth longer, the control too: nothing is said of the rows."""
    factors = {"mindspore": 1.1, "tensorflow": 1.1, CONTROL: 1.1}
    gate = gated(write_bench(tmp_path / "head", seed=2, factors=factors), base, UNVERIFIED)
    assert row(gate, "speed", "mindspore").status == "unverified"
    assert "the machine moved: the control took 1.1" in row(gate, "speed", "tensorflow").cause


def test_noise_is_undecided_and_says_how_many_processes_would_decide(tmp_path: Path) -> None:
    base = write_bench(tmp_path / "base", seed=1, spread=0.08, rounds=6)
    gate = gated(write_bench(tmp_path / "head", seed=5, spread=0.08, rounds=6), base, UNDECIDED)
    unsure = [row for row in gate.rows if row.status == "undecided"]
    assert unsure
    assert all("of each side would decide" in row.cause or "too noisy" in row.cause for row in unsure)


def test_too_few_processes_tell_what_they_can(tmp_path: Path) -> None:
    base = write_bench(tmp_path / "base", seed=1, rounds=4)
    slow = gated(write_bench(tmp_path / "head", seed=2, rounds=4, factors={"mindspore": 1.3}), base, UNDECIDED)
    found = row(slow, "speed", "mindspore")
    assert "4 of each side cannot show a slowdown at p = 0.01, 5 can" in found.cause
    assert found.ratio == pytest.approx(1.3, rel=0.05)
    assert row(slow, "speed", "tensorflow").status == "not slower"


def test_a_new_divergence_fails_and_an_old_one_does_not(base: Path, tmp_path: Path) -> None:
    diverges = {"mindspore": Credit(status="diverges", source="check", cause="rung optimizer, adam")}
    head = write_bench(tmp_path / "head", seed=2, credits=diverges)
    gate = gated(head, base, DIVERGES)
    assert row(gate, "parity", "mindspore").status == "diverges"
    assert "rung optimizer, adam" in row(gate, "parity", "mindspore").cause
    assert "does not count" in row(gate, "speed", "mindspore").cause
    old = write_bench(tmp_path / "old", seed=3, credits=diverges)
    assert main(["gate", str(head), "--baseline", str(old), "out=again"]) == UNVERIFIED
    again = Gate.model_validate_json(Path("again/gate.json").read_text())
    assert row(again, "parity", "mindspore").status == "agrees"


def test_a_loss_of_accuracy_fails(base: Path, tmp_path: Path) -> None:
    gate = gated(write_bench(tmp_path / "head", seed=2, accuracies={"tensorflow": 0.85}), base, DIVERGES)
    assert row(gate, "accuracy", "tensorflow").status == "lower"
    assert row(gate, "accuracy", "mindspore").status == "not lower"


def test_a_small_change_at_one_seed_does_not_decide(base: Path, tmp_path: Path) -> None:
    gate = gated(write_bench(tmp_path / "head", seed=2, accuracies={"tensorflow": 0.948}), base, UNDECIDED)
    assert "one seed does not decide" in row(gate, "accuracy", "tensorflow").cause


def test_an_arm_that_dies_in_round_7_leaves_the_other_rounds(base: Path, tmp_path: Path) -> None:
    gate = gated(write_bench(tmp_path / "head", seed=2, failed_round={"mindspore": 7}), base, CRASHED)
    dead = row(gate, "speed", "mindspore")
    assert (dead.status, dead.head_processes) == ("crashed", 7)
    assert "SIGSEGV" in dead.cause
    assert row(gate, "speed", "tensorflow").status == "not slower"


def test_without_a_control_no_row_is_judged(base: Path, tmp_path: Path) -> None:
    gate = gated(write_bench(tmp_path / "head", seed=2, without_control=True), base, UNVERIFIED)
    assert row(gate, "speed", "mindspore").cause == "the head timed no control"


def test_a_control_that_drifts_within_a_bench_is_a_machine_that_moved(base: Path, tmp_path: Path) -> None:
    gate = gated(write_bench(tmp_path / "head", seed=2, drift=0.1), base, UNVERIFIED)
    assert "the machine moved while the head was timed" in row(gate, "speed", "mindspore").cause


@pytest.mark.parametrize("field", ["processor", "cores", "features"])
def test_times_of_another_machine_are_not_compared(base: Path, tmp_path: Path, field: str) -> None:
    other = HERE.model_copy(update={field: 64 if field == "cores" else "other"})
    gate = gated(write_bench(tmp_path / "head", seed=2, machine=other), base, UNVERIFIED)
    assert f"another machine, {field}" in row(gate, "speed", "mindspore").cause
    assert row(gate, "accuracy", "mindspore").status == "not lower"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"overrides": ["training.batch_size=100"]}, "training.batch_size is 100 in the head"),
        ({"digest": "another"}, "another plan"),
        ({"protocol": 2}, "another protocol of timing: version 2 in the head, 1 in the base"),
        ({"overrides": ["seed=4"]}, "other seeds: 4 in the head, 0 in the base"),
    ],
)
def test_a_base_of_something_else_is_refused_by_name(
    base: Path, tmp_path: Path, changes: dict[str, object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    head = write_bench(tmp_path / "head", seed=2, **changes)  # type: ignore[arg-type]
    assert main(["gate", str(head), "--baseline", str(base)]) == MISTAKE
    assert said in capsys.readouterr().err
    assert not Path("results/gate").exists()


def test_other_settings_of_an_arm_are_refused_by_name(base: Path, tmp_path: Path) -> None:
    head = write_bench(tmp_path / "head", seed=2, overrides=["arm.threads=1"])
    found = row(gated(head, base, UNVERIFIED), "speed", "mindspore")
    assert "threads is 1 in the head" in found.cause


@pytest.mark.parametrize("change", ["samples.parquet", "processes.json", "complete.json"])
def test_damaged_files_are_refused_by_name(
    base: Path, tmp_path: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    head = write_bench(tmp_path / "head", seed=2)
    content = (head / change).read_bytes()
    (head / change).write_bytes(content[: len(content) // 2])
    assert main(["gate", str(head), "--baseline", str(base)]) == MISTAKE
    assert change in capsys.readouterr().err


def test_what_is_no_run_is_refused(tmp_path: Path, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["gate", str(tmp_path / "empty"), "--baseline", str(base)]) == MISTAKE
    assert "it is no bench, no run and no study" in capsys.readouterr().err
    assert main(["gate", str(tmp_path / "missing"), "--baseline", str(base)]) == MISTAKE
    assert main(["gate"]) == MISTAKE
    assert main(["gate", str(base)]) == MISTAKE
    assert "twinrun baseline save" in capsys.readouterr().err


def test_what_it_leaves(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("before\n")
    gated(write_bench(tmp_path / "head", seed=2, factors={"mindspore": 1.1}), base, SLOWER)
    assert list(damages(Path("gated"))) == []
    suites = {suite.get("name"): suite for suite in Xml.parse("gated/junit.xml").getroot()}
    assert [suites["speed"].get(key) for key in ("tests", "failures", "errors", "skipped")] == ["2", "1", "0", "0"]
    (failed,) = suites["speed"].findall("testcase/failure")
    assert (failed.get("message") or "").startswith("slower: 1.")
    entries = {entry["name"]: entry for entry in json.loads(Path("gated/benchmark.json").read_text())}
    assert entries["mindspore: step time over its base"]["value"] == pytest.approx(1.1, rel=0.05)
    assert entries["mindspore: step time"]["unit"] == "ms"
    page = Path("gated/report.md").read_text()
    assert "**SLOWER: mindspore" in page
    assert (tmp_path / "summary.md").read_text() == f"before\n{page}\n"
