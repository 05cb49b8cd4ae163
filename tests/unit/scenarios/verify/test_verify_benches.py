"""`twinrun verify` of benches, gates and baselines."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from made_up_benches import write_bench

from harness.cli import main
from harness.records.exit_codes import AGREES, DIVERGES, UNVERIFIED
from harness.records.timing import Credit, Phases
from harness.report.bench import write_bench_report
from harness.results.marker import MARKER, Marker, complete
from harness.results.store import Store, write_frame
from harness.results.timings import Timings, read_timings, write_timings
from harness.scenarios.bench.process import TIMES, Blocks
from harness.subjects.bench import outcome

SKIPPED = Credit(status="agrees", source="")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def whole_bench(folder: Path, seed: int = 1) -> Path:
    """A made-up bench whose records fit each other, as those of a bench that ran do."""
    write_bench(folder, seed=seed, credits={"mindspore": SKIPPED, "tensorflow": SKIPPED})
    (folder / MARKER).unlink()
    timings = _fitting(read_timings(folder))
    write_timings(folder, timings)
    _complete(folder, timings)
    return folder


def _fitting(timings: Timings) -> Timings:
    processes, tables = [], []
    for process in timings.processes:
        table = timings.samples[timings.samples["process"].eq(process.number)].copy()
        blocks = Blocks(100, table["part"].tolist(), table["steps"].tolist())
        blocks.times = list(zip(*(table[name].tolist() for name in TIMES), strict=True))
        start, settled = (0, True) if process.is_control else blocks.find_warm_up()
        phases = Phases.model_validate({f"{name}_s": value for name, value in blocks.phases().items()})
        fields = {"steady_from": start, "settled": settled, "phases": phases, "batch_size": 100}
        fields |= {"wall_s": sum(phases.by_name.values())}
        if not process.is_control:
            fields["steady_blocks"] = blocks.parts.count("steady")
        processes.append(process.model_copy(update=fields))
        tables.append(table.assign(part=blocks.parts))
    return replace(timings, processes=tuple(processes), samples=pd.concat(tables, ignore_index=True))


def _complete(folder: Path, timings: Timings) -> None:
    """The verdicts, the marker and the page that follow from the times."""
    Store(folder).write_verdicts(outcome.verdicts(timings))
    complete(folder, Marker.of("bench", outcome.exit_code(timings), outcome.in_one_line(timings)))
    write_bench_report(folder)


def sign_again(folder: Path) -> None:
    """A marker with the same outcome, over the records as they are now."""
    content = json.loads((folder / MARKER).read_text())
    complete(folder, Marker(**{key: content[key] for key in ("kind", "status", "exit_code", "sentence", "judged")}))


def verified(folder: Path, expected: int, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["verify", str(folder)]) == expected
    return capsys.readouterr().out


def test_a_bench_follows_from_its_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = verified(whole_bench(tmp_path / "bench"), AGREES, capsys)
    for file in ("bench.json", "processes.json", "verdicts.parquet", "complete.json", "report.md"):
        assert file in printed


def test_edited_samples_are_noticed_in_all_that_was_made_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = whole_bench(tmp_path / "bench")
    samples = pd.read_parquet(folder / "samples.parquet")
    is_slow = samples["process"].isin([p.number for p in read_timings(folder).processes if p.row == "tensorflow"])
    samples.loc[is_slow, "dispatch_s"] *= 0.5
    write_frame(folder / "samples.parquet", samples)
    assert "damaged samples.parquet: is not what it was" in verified(folder, DIVERGES, capsys)
    sign_again(folder)
    printed = verified(folder, DIVERGES, capsys)
    assert "differs processes.json: process 1 (tensorflow): steady_s is" in printed
    assert "differs complete.json: sentence is 'TIMED" in printed
    assert "differs report.md: line" in printed


def test_an_edited_record_of_a_bench_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = whole_bench(tmp_path / "bench")
    timings = read_timings(folder)
    first = timings.processes[0].model_copy(update={"wall_s": 100.0})
    bench = timings.bench.model_copy(update={"rounds": 20})
    write_timings(folder, replace(timings, bench=bench, processes=(first, *timings.processes[1:])))
    sign_again(folder)
    printed = verified(folder, DIVERGES, capsys)
    assert "differs bench.json: rounds is 20, and 16 follows" in printed
    assert "differs processes.json: process 0 (mindspore): wall_s is 100.0, and " in printed


@pytest.mark.nightly
def test_a_parity_whose_verdicts_are_gone_is_not_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = whole_bench(tmp_path / "bench")
    timings = read_timings(folder)
    credit = Credit(status="agrees", source="results/elsewhere")
    rows = tuple(row.model_copy(update={"credit": credit}) for row in timings.bench.rows)
    timings = replace(timings, bench=timings.bench.model_copy(update={"rows": rows}))
    write_timings(folder, timings)
    _complete(folder, timings)
    printed = verified(folder, UNVERIFIED, capsys)
    assert "the verdicts on which its parity rests are gone: results/elsewhere" in printed


AT_NIGHT = [pytest.param(name, marks=pytest.mark.nightly) for name in ("bench.json", "verdicts.parquet", "plan.json")]


@pytest.mark.parametrize("file", ["samples.parquet", "processes.json", *AT_NIGHT])
def test_damaged_files_of_a_bench_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str) -> None:
    folder = whole_bench(tmp_path / "bench")
    (folder / file).write_bytes((folder / file).read_bytes()[:40])
    assert f"damaged {file}: " in verified(folder, UNVERIFIED, capsys)


def test_a_gate_follows_from_head_and_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, base = write_bench(tmp_path / "head", seed=2), write_bench(tmp_path / "base", seed=1)
    assert main(["gate", str(head), "--baseline", str(base), "out=gated"]) == AGREES
    printed = verified(Path("gated"), AGREES, capsys)
    assert all(file in printed for file in ("gate.json", "junit.xml", "benchmark.json", "report.md"))
    record = json.loads(Path("gated/gate.json").read_text())
    next(row for row in record["rows"] if row["check"] == "speed")["ratio"] = 1.5
    Path("gated/gate.json").write_text(json.dumps(record))
    sign_again(Path("gated"))
    printed = verified(Path("gated"), DIVERGES, capsys)
    assert "differs gate.json: row mindspore (speed): ratio is 1.5, and " in printed
    assert "differs benchmark.json: line" in printed
    head.rename(tmp_path / "moved")
    assert f"{head} is not there" in verified(Path("gated"), DIVERGES, capsys)


def test_a_baseline_follows_from_its_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", "save", str(whole_bench(tmp_path / "run")), "--store", "store"]) == AGREES
    (folder,) = Path("store").glob("*/*")
    assert "run/samples.parquet" not in verified(folder, AGREES, capsys)
    record = json.loads((folder / "baseline.json").read_text())
    record["step_s"]["mindspore"]["0"] = 1e-6
    (folder / "baseline.json").write_text(json.dumps(record))
    assert "differs baseline.json: step_s is" in verified(folder, DIVERGES, capsys)
