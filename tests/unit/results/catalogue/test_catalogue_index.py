"""The index only saves reading folders: what it holds is what the folders hold, whatever happens to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from composing import REPOSITORY
from made_up_catalogues import MadeUp, write_catalogue, write_run

from harness.results.catalogue import index
from harness.results.catalogue.columns import SCHEMA, SCHEMA_VERSION
from harness.results.catalogue.files import parse_file, write_entry
from harness.results.catalogue.index import read_catalogue
from harness.results.catalogue.roots import CATALOGUE, LocalRoot, root_of, stamp_of
from harness.results.catalogue.rows import rows_of
from harness.results.marker import MARKER, Marker, complete


def read(results: Path, **options: Any) -> list[dict[str, Any]]:
    return read_catalogue(LocalRoot(results), **options).table.to_pylist()


def places(results: Path) -> list[str]:
    return [row["run"] for row in read(results)]


def in_index(results: Path) -> list[str]:
    """The runs in the files of the index, as often as they are in one."""
    root, found = LocalRoot(results), []
    for name in root.index_files():
        rows = parse_file(name, root.read(name))
        found += [row["run"] for row in (rows.to_pylist() if isinstance(rows, pa.Table) else rows)]
    return found


@pytest.fixture
def results(tmp_path: Path) -> Path:
    write_catalogue(tmp_path / "results", 6)
    return tmp_path / "results"


def test_an_empty_folder_has_no_runs(tmp_path: Path) -> None:
    assert read(tmp_path) == []


def test_the_rows_are_those_of_the_folders_in_order_of_time(results: Path) -> None:
    rows = read(results)
    assert [row["created"] for row in rows] == sorted(row["created"] for row in rows)
    assert len(rows) == 6
    first = rows[0]
    expected = {"experiment": "mnist_mlp", "status": "complete", "seed": 0, "parameters": 7850, "host": "made-up-host"}
    assert {key: first[key] for key in expected} == expected
    assert [arm["arm"] for arm in first["arms"]] == ["mindspore", "tensorflow"]
    assert first["arms"][1]["version"] == "2.20.0"
    assert [rung["rung"] for rung in first["rungs"]] == ["model", "step"]


def test_the_second_reading_is_of_the_index_and_equal(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read(results)

    def refuse(*_: object) -> None:
        raise AssertionError("a folder was read again")

    monkeypatch.setattr(index, "rows_of", refuse)
    assert read(results) == before


@pytest.mark.parametrize("damage", ["removed", "cut off"])
def test_a_record_that_is_damaged_later_is_a_named_row_at_once(results: Path, damage: str) -> None:
    place = read(results)[2]["run"]
    record = results / place / "plan.json"
    record.unlink() if damage == "removed" else record.write_text(record.read_text()[:-20])
    rows = {row["run"]: row for row in read(results)}
    assert rows[place]["status"] == "damaged"
    assert "plan.json" in rows[place]["reason"]
    assert [row["status"] for run, row in rows.items() if run != place] == ["complete"] * 5


def test_what_is_copied_in_is_found_and_what_is_gone_is_not(results: Path) -> None:
    read(results)
    added = write_run(results, MadeUp(experiment="later", seed=77))
    gone = places(results)[-1]
    (results / gone).rename(results.parent / "elsewhere")
    assert "later/" + added.name in places(results)
    assert gone not in places(results)
    assert len(places(results)) == 6


def test_a_marker_that_changed_is_read_again(results: Path) -> None:
    place = places(results)[0]
    complete(results / place, Marker.of("run", 1, "DIVERGES: as it turned out"))
    (row,) = [row for row in read(results) if row["run"] == place]
    assert (row["verdict"], row["exit_code"]) == ("diverges", 1)


@pytest.mark.parametrize("cut", ["to nothing", "to half", "a byte", "text"])
def test_a_damaged_table_of_the_index_is_named_once_and_made_again(results: Path, cut: str) -> None:
    before = read(results, rebuild=True)
    (table,) = (results / CATALOGUE).glob("*.parquet")
    content = table.read_bytes()
    half = len(content) // 2
    damaged = {"to nothing": b"", "to half": content[:half], "text": b"no table\n"}
    table.write_bytes(damaged.get(cut, content[:half] + bytes([content[half] ^ 255]) + content[half + 1 :]))
    catalogue = read_catalogue(LocalRoot(results))
    assert catalogue.table.to_pylist() == before
    if cut != "a byte":  # which may be in a part that means nothing
        assert [problem.partition(":")[0] for problem in catalogue.problems] == [table.name]
        assert not table.exists()
    assert read_catalogue(LocalRoot(results)).problems == ()


ODD_ENTRY = '{"schema_version": 1, "rows": [{"run": "a/b", "stamp": "1-1", "seed": "no number"}]}'


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"schema_version": 1}', '{"schema_version": 1, "rows": [{}]}', ODD_ENTRY]
)
def test_a_damaged_entry_is_named_once(results: Path, content: str) -> None:
    before = read(results)
    (results / CATALOGUE / "20260101-entry.json").write_text(content)
    catalogue = read_catalogue(LocalRoot(results))
    assert catalogue.table.to_pylist() == before
    assert len(catalogue.problems) == 1
    assert catalogue.problems[0].startswith("20260101-entry.json")
    assert read_catalogue(LocalRoot(results)).problems == ()


def test_what_a_newer_twinrun_wrote_is_left_as_it_is(results: Path) -> None:
    read(results)
    newer = results / CATALOGUE / "newer.json"
    newer.write_text(json.dumps({"schema_version": SCHEMA_VERSION + 1, "rows": [{"something": "else"}]}))
    table = pa.table({"other": [1]}, metadata={"twinrun.schema_version": str(SCHEMA_VERSION + 1)})
    pq.write_table(table, results / CATALOGUE / "newer.parquet")
    catalogue = read_catalogue(LocalRoot(results), rebuild=True)
    assert len(catalogue.table) == 6
    assert sorted(problem.partition(":")[0] for problem in catalogue.problems) == ["newer.json", "newer.parquet"]
    assert newer.exists()
    assert (results / CATALOGUE / "newer.parquet").exists()


def test_a_table_without_some_columns_is_filled(results: Path) -> None:
    rows = read(results, rebuild=True)
    (path,) = (results / CATALOGUE).glob("*.parquet")
    older = [
        {key: value for key, value in row.items() if key not in ("judged", "arms")}
        | {"arms": [{"arm": arm["arm"]} for arm in row["arms"]]}
        for row in rows
    ]
    table = pa.Table.from_pylist(older).replace_schema_metadata(SCHEMA.metadata)
    pq.write_table(table, path)
    found = read(results)
    assert [row["run"] for row in found] == [row["run"] for row in rows]
    assert {row["judged"] for row in found} == {None}
    assert found[0]["arms"][0]["arm"] == "mindspore"
    assert found[0]["arms"][0]["step_time_s"] is None


def test_many_entries_become_one_table(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MOST_FILES", 5)
    for place in sorted(LocalRoot(results).stamps()):
        write_entry(results / CATALOGUE, rows_of(results / place, place, stamp_of(results / place) or ""))
    assert len(list((results / CATALOGUE).glob("*.json"))) == 6
    before = in_index(results)
    assert len(read(results)) == 6
    assert [path.suffix for path in (results / CATALOGUE).iterdir()] == [".parquet"]
    assert sorted(in_index(results)) == sorted(before)


def test_an_index_that_cannot_be_written_hides_nothing(results: Path) -> None:
    (results / CATALOGUE).write_text("a file where the folder should be")
    catalogue = read_catalogue(LocalRoot(results))
    assert len(catalogue.table) == 6
    (problem,) = catalogue.problems
    assert "could not be brought up to date" in problem


def test_a_run_that_becomes_complete_adds_itself_where_there_is_an_index(results: Path, tmp_path: Path) -> None:
    (results / CATALOGUE).mkdir()
    made = write_run(tmp_path / "elsewhere", MadeUp(experiment="other", seed=5))
    complete(made, Marker.of("run", 0, "AGREES: both"))
    assert not (tmp_path / "elsewhere" / CATALOGUE).exists()
    made.rename(results / "mnist_mlp" / "moved")
    complete(results / "mnist_mlp" / "moved", Marker.of("run", 0, "AGREES: both"))
    assert in_index(results) == ["mnist_mlp/moved"]


def test_a_run_that_runs_is_not_kept_in_the_index(results: Path) -> None:
    read(results)
    running = write_run(results, MadeUp(experiment="now", seed=1))
    (running / MARKER).unlink()
    claim = json.loads((running / "claim.json").read_text())
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        here = {"host": os.uname().nodename, "process": sleeper.pid}
        (running / "claim.json").write_text(json.dumps({**claim, **here}))
        place = running.relative_to(results).as_posix()
        assert [row["status"] for row in read(results) if row["run"] == place] == ["running"]
        assert place not in in_index(results)
    finally:
        sleeper.kill()
        sleeper.wait()
    assert [row["status"] for row in read(results) if row["run"] == place] == ["unfinished"]
    assert place in in_index(results)


WRITER = """
import sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from made_up_catalogues import MadeUp, write_run
from harness.results.marker import Marker, complete
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 12):
    folder = write_run(Path(sys.argv[1]), MadeUp(seed=number))
    complete(folder, Marker.of("run", 0, "AGREES: both"))
"""
READER = """
import sys, time
from pathlib import Path
from harness.results.catalogue import index
from harness.results.catalogue.roots import LocalRoot
index.MOST_FILES = 2
while not Path(sys.argv[1], "stop").exists():
    catalogue = index.read_catalogue(LocalRoot(Path(sys.argv[1])))
    runs = catalogue.table["run"].to_pylist()
    assert len(runs) == len(set(runs)), runs
    assert not catalogue.problems, catalogue.problems
    print(len(runs), flush=True)
"""


def test_no_run_is_lost_while_processes_write_and_compact_at_once(tmp_path: Path) -> None:
    results = tmp_path / "results"
    (results / CATALOGUE).mkdir(parents=True)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}

    def start(script: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", script, str(results), *map(str, arguments)]
        return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    readers = [start(READER) for _ in range(2)]
    writers = [start(WRITER, 100 * number, REPOSITORY / "tests" / "unit") for number in range(2)]
    outcomes = [writer.communicate(timeout=120) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], outcomes
    time.sleep(0.2)
    (results / "stop").touch()
    for reader in readers:
        out, err = reader.communicate(timeout=120)
        assert reader.returncode == 0, err
        counts = [int(line) for line in out.split()]
        assert counts == sorted(counts)  # no run that was there is missing later
    written = sorted(path.parent.relative_to(results).as_posix() for path in results.glob(f"*/*/{MARKER}"))
    assert len(written) == 24
    assert sorted(set(in_index(results))) == written
    assert places(results) == written


def test_a_compaction_that_another_repeats_loses_nothing(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two compactors read the same files; the second ends after the first has removed them, and a run was added."""
    read(results)
    first = index._read_index(LocalRoot(results))
    late = write_run(results, MadeUp(experiment="between", seed=9))
    read(results, rebuild=True)
    index._bring_up_to_date(LocalRoot(results), first, first.table, [], rebuild=True)
    assert f"between/{late.name}" in places(results)
    assert f"between/{late.name}" in in_index(results)
    assert len(set(in_index(results))) == 7


def test_an_address_is_read_as_a_folder_is(results: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(results), "/results", recursive=True)
    try:
        remote = read_catalogue(root_of("memory://results"))
        here = read(results)
        hidden = ("stamp",)
        plain = [{key: value for key, value in row.items() if key not in hidden} for row in remote.table.to_pylist()]
        assert plain == [{key: value for key, value in row.items() if key not in hidden} for row in here]
        memory.put(str(results / CATALOGUE), f"/results/{CATALOGUE}", recursive=True)
        assert len(read_catalogue(root_of("memory://results")).table) == 6
        assert not [path for path in memory.find("/results") if path.endswith(".partial")]
    finally:
        memory.rm("/results", recursive=True)


def test_seeds_of_one_moment_are_runs_of_their_own(tmp_path: Path) -> None:
    run = MadeUp()
    for seed in range(3):
        write_run(tmp_path, replace(run, seed=seed))
    assert [row["seed"] for row in read(tmp_path)] == [0, 1, 2]


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.nightly)])
def test_of_many_runs_the_broken_are_named_and_the_others_are_shown(tmp_path: Path, count: int) -> None:
    runs = write_catalogue(tmp_path, count, broken=count // 10)
    rows = {row["run"]: row for row in read(tmp_path)}
    assert len(rows) == count
    for run in runs:
        row = rows[run.place]
        assert (row["status"] == "complete") == (not run.broken), (run.broken, row["status"])
        assert bool(row["reason"]) == bool(run.broken)
        if not run.broken:
            assert (row["verdict"], row["seed"], len(row["arms"])) == (run.verdict, run.seed, 2)
            assert {arm["arm"]: arm["step_time_s"] for arm in row["arms"]} == run.step_s
    assert {row["run"] for row in read(tmp_path)} == set(rows)
    shutil.rmtree(tmp_path)  # pytest would leave it for a later session to remove
