"""The fixture `twinrun_benchmark` in a project of its own: what pytest-benchmark is given, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_up_benches import write_bench
from projects import Session, run_pytest, written

from harness.records.timing import Credit
from harness.results.timings import read_timings
from harness.worker.machine import this_machine

ROWS = """
import pytest


@pytest.mark.benchmark(group="steps")
@pytest.mark.parametrize("row", ["mindspore", "tensorflow"])
def test_step(twinrun_benchmark, row):
    twinrun_benchmark(folder="bench", row=row)


def test_diverging(twinrun_benchmark):
    twinrun_benchmark(folder="diverging", row="tensorflow")


def test_diverging_is_skipped(twinrun_benchmark):
    twinrun_benchmark(folder="diverging", row="tensorflow", without_credit="skip")


def test_diverging_is_recorded(twinrun_benchmark):
    row = twinrun_benchmark(folder="diverging", row="tensorflow", without_credit="record")
    assert row.status == "diverges"


def test_the_machine_moved(twinrun_benchmark):
    twinrun_benchmark(folder="moved", row="mindspore")


def test_of_another_machine(twinrun_benchmark):
    twinrun_benchmark(folder="foreign", row="mindspore")


def test_mistaken(twinrun_benchmark):
    twinrun_benchmark(folder="bench", experiment="cnn", arms=3, without_credit="pass")


def test_unknown_row(twinrun_benchmark):
    twinrun_benchmark(folder="bench", row="tensorflo")


def test_missing(twinrun_benchmark):
    twinrun_benchmark(folder="elsewhere")
"""
ONE_ROW = """
def test_row(twinrun_benchmark):
    twinrun_benchmark(folder="bench", row="mindspore")


def test_other(benchmark):
    benchmark(int)
"""
DIVERGES = Credit(status="diverges", source="check", cause="rung loss: tensorflow is off by 0.1")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two test files, and made-up benches beside them, of which all but `foreign` are of this machine."""
    folder = written(tmp_path_factory.mktemp("projects") / "port", ROWS, test_one=ONE_ROW)
    here = this_machine()
    write_bench(folder / "tests" / "bench", machine=here)
    write_bench(folder / "tests" / "diverging", machine=here, credits={"tensorflow": DIVERGES})
    write_bench(folder / "tests" / "moved", machine=here, drift=0.5)
    write_bench(folder / "tests" / "foreign", machine=here.model_copy(update={"cores": here.cores + 62}))
    return folder


@pytest.fixture(scope="module")
def session(project: Path) -> Session:
    return run_pytest(project, "tests/test_port.py", "--benchmark-json=saved.json")


@pytest.fixture(scope="module")
def saved(session: Session, project: Path) -> dict[str, Any]:
    return json.loads((project / "saved.json").read_text())


def test_a_round_is_the_median_step_of_one_process(saved: dict[str, Any], project: Path) -> None:
    timings = read_timings(project / "tests" / "bench")
    by_name = {benchmark["name"]: benchmark for benchmark in saved["benchmarks"]}
    for row in ("mindspore", "tensorflow"):
        stats = by_name[f"test_step[{row}]"]["stats"]
        assert stats["data"] == [timings.median_step_s(process.number) for process in timings.of_row(row)]
        assert (stats["rounds"], stats["iterations"]) == (16, 1)
    assert by_name["test_step[mindspore]"]["group"] == "steps"
    assert by_name["test_step[mindspore]"]["options"]["timer"] == "recorded_process_times"


def test_the_saved_file_says_what_was_timed_and_where(saved: dict[str, Any]) -> None:
    told = {benchmark["name"]: benchmark["extra_info"]["twinrun"] for benchmark in saved["benchmarks"]}
    assert told["test_step[tensorflow]"]["row"] == "tensorflow"
    assert told["test_step[tensorflow]"]["credit"]["status"] == "agrees"
    assert told["test_step[tensorflow]"]["ratio"]["to"] == "mindspore"
    assert told["test_diverging_is_recorded"]["status"] == "diverges"
    assert saved["machine_info"]["twinrun"] == this_machine().model_dump()


def test_a_row_without_credit_is_timed_by_wish_only(session: Session, saved: dict[str, Any]) -> None:
    failed, skipped = session.tests["test_diverging"], session.tests["test_diverging_is_skipped"]
    assert (failed.outcome, skipped.outcome) == ("failed", "skipped")
    for ended in (failed, skipped):
        assert "DIVERGES: tensorflow: parity: rung loss: tensorflow is off by 0.1" in ended.text
    assert "Traceback" not in session.output
    timed = {benchmark["name"] for benchmark in saved["benchmarks"]}
    assert timed == {"test_step[mindspore]", "test_step[tensorflow]", "test_diverging_is_recorded"}
    assert session.tests["test_diverging_is_recorded"].outcome == "passed"


def test_times_of_a_machine_that_moved_do_not_count(session: Session) -> None:
    ended = session.tests["test_the_machine_moved"]
    assert ended.outcome == "failed"
    assert "UNVERIFIED: mindspore: " in ended.text


def test_what_is_no_bench_of_this_machine_fails(session: Session) -> None:
    names = ("of_another_machine", "mistaken", "unknown_row", "missing")
    ended = {name: session.tests[f"test_{name}"] for name in names}
    assert {each.outcome for each in ended.values()} == {"failed"}
    cores = this_machine().cores
    assert f"it was timed on another machine; here and there: cores: {cores} and {cores + 62}" in (
        ended["of_another_machine"].text
    )
    for text in ("folder: it is a recorded bench", "without_credit: given 'pass'", "arms: given 3"):
        assert text in ended["mistaken"].text
    assert "row: given 'tensorflo'; did you mean tensorflow?" in ended["unknown_row"].text
    assert "it is no bench" in ended["missing"].text


def test_off_is_a_failure_and_not_a_pass(project: Path) -> None:
    session = run_pytest(project, "tests/test_one.py", "--benchmark-disable")
    ended = session.tests["test_row"]
    assert ended.outcome == "failed"
    assert "pytest-benchmark is off (--benchmark-disable), so that nothing would be timed" in ended.text
    assert session.tests["test_other"].outcome == "passed"


@pytest.mark.nightly  # by day the test above, of --benchmark-disable
def test_xdist_is_a_failure_and_not_a_pass(project: Path) -> None:
    session = run_pytest(project, "tests/test_one.py", "-n1")
    ended = session.tests["test_row"]
    assert ended.outcome == "failed"
    assert "pytest-benchmark is off (pytest-xdist is on)" in ended.text
    assert "without -n" in ended.text


def test_skipped_by_wish_says_what_was_not_done(project: Path) -> None:
    session = run_pytest(project, "tests/test_one.py", "--benchmark-skip")
    ended = session.tests["test_row"]
    assert ended.outcome == "skipped"
    assert "--benchmark-skip was asked for: nothing was timed" in ended.text
    assert session.code == 0


def test_without_pytest_benchmark_the_fixture_says_what_it_needs(project: Path) -> None:
    session = run_pytest(project, "tests/test_one.py", "-p", "no:benchmark", "-k", "test_row")
    assert session.code == pytest.ExitCode.TESTS_FAILED
    assert "twinrun_benchmark needs pytest-benchmark" in session.tests["test_row"].text


@pytest.mark.nightly
def test_a_saved_file_is_compared_on_its_own_machine_only(project: Path) -> None:
    storage = f"--benchmark-storage={project / 'stored'}"
    assert run_pytest(project, "tests/test_one.py", storage, "--benchmark-save=base", "-k", "test_row").code == 0
    compared = [
        "tests/test_one.py",
        storage,
        "--benchmark-compare",
        "--benchmark-compare-fail=median:1%",
        "-k",
        "test_row",
    ]
    same = run_pytest(project, *compared)
    assert same.code == 0
    assert "test_row (0001_base)" in same.output
    (file,) = (project / "stored").rglob("*_base.json")
    content = json.loads(file.read_text())
    content["machine_info"]["twinrun"]["processor"] = "another processor"
    file.write_text(json.dumps(content))
    other = run_pytest(project, *compared)
    assert other.code == pytest.ExitCode.USAGE_ERROR
    assert "the saved benchmark was timed on another machine" in other.output
    assert "'another processor'" in other.output


TIMED = """
import pytest

KEYWORDS = {
    "experiment": "mnist_mlp",
    "arms": ["tensorflow", "reference"],
    "overrides": [
        "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: zeros}]",
        "processes=1",
        "budget_s=1",
        "rungs=[]",
        "training.max_steps=3",
        "comparison.free_steps=3",
    ],
}


@pytest.mark.parametrize("row", ["tensorflow", "reference"])
def test_step(twinrun_benchmark, row):
    twinrun_benchmark(**KEYWORDS, row=row, without_credit="record")
"""


@pytest.mark.nightly
def test_rows_of_one_session_share_a_bench_that_is_timed_once(tmp_path: Path) -> None:
    session = run_pytest(written(tmp_path / "port", TIMED), "--benchmark-json=saved.json")
    assert {name: ended.outcome for name, ended in session.tests.items()} == {
        "test_step[tensorflow]": "passed",
        "test_step[reference]": "passed",
    }
    saved = json.loads((tmp_path / "port" / "saved.json").read_text())["benchmarks"]
    (folder,) = {benchmark["extra_info"]["twinrun"]["folder"] for benchmark in saved}
    assert (Path(folder) / "complete.json").exists()
    assert all(min(benchmark["stats"]["data"]) > 0 for benchmark in saved)
