"""The verbs that find runs again, as a user types them, over folders of every kind."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from composing import REPOSITORY
from made_up_benches import write_bench
from made_up_catalogues import ARMS, BEGIN, MadeUp, write_catalogue, write_run
from made_up_traces import epoch

from harness.cli import main
from harness.records.exit_codes import AGREES, MISTAKE, UNVERIFIED
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.catalogue.index import read_catalogue
from harness.results.catalogue.roots import CATALOGUE, LocalRoot
from harness.results.marker import Marker, complete
from harness.results.store import Store
from harness.spec import Arm


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def whole_run(results: Path, **fields: object) -> Path:
    """A run with every record that a training leaves, of arms that did not keep their weights."""
    folder = write_run(results, MadeUp(**fields))  # type: ignore[arg-type]
    traces = []
    for name, mode in ARMS.items():
        epochs = tuple(epoch(number, (1.0, 0.5, 0.25)) for number in range(2))
        traces.append(Trace(arm=Arm(name=name, adapter=name, mode=mode), epochs=epochs))
        Store(folder).write_trace(traces[-1])
    complete(folder, Marker.of("run", 0, "AGREES: mindspore and tensorflow on model", "judged: made up"))
    return folder


def shown(folder: object, capsys: pytest.CaptureFixture[str], code: int = AGREES) -> str:
    capsys.readouterr()
    assert main(["show", str(folder)]) == code
    return capsys.readouterr().out


def test_a_run_is_a_screenful(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(whole_run(tmp_path / "results"), capsys)
    for text in ("AGREES: mindspore and tensorflow on model", "rung model", "Accuracy and time", "made up, 4 cores"):
        assert text in out
    assert len(out.splitlines()) <= 24
    assert max(map(len, out.partition("\nAGREES")[0].splitlines())) <= 80


def test_a_damaged_run_is_shown_with_what_is_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = whole_run(tmp_path / "results")
    (folder / "arms/tensorflow/epochs.parquet").write_bytes(b"PAR1")
    out = shown(folder, capsys, UNVERIFIED)
    assert "UNVERIFIED: arms/tensorflow/epochs.parquet" in out
    assert "AGREES" not in out


def test_benches_and_gates_are_shown_as_they_were_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, head = (write_bench(tmp_path / "results" / "mnist_mlp" / name, seed=n) for n, name in enumerate(("a", "b")))
    assert "TIMED: made up" in shown(base, capsys)
    assert main(["gate", str(head), "--baseline", str(base)]) == AGREES
    (gate,) = Path("results/gate").iterdir()
    assert "PASSED: parity of 2" in shown(gate, capsys)
    rows = {row["run"]: row for row in read_catalogue(LocalRoot(Path("results"))).table.to_pylist()}
    assert {row["kind"] for row in rows.values()} == {"bench", "gate"}
    arms = {arm["arm"]: arm for arm in rows["mnist_mlp/a"]["arms"]}
    assert arms["tensorflow"]["step_time_s"] == pytest.approx(0.006, rel=0.02)
    assert arms["tensorflow"]["test_accuracy"] == 0.95
    assert rows["mnist_mlp/a"]["processor"] == "a processor"
    assert [Path(path).name for path in rows[f"gate/{gate.name}"]["refers_to"]] == ["b", "a"]
    # The gate, made by a command of this version, added itself to the index of its results folder.
    assert list((tmp_path / "results" / CATALOGUE).iterdir())
    capsys.readouterr()
    assert main(["prune", "kind=bench", "older_than=0d"]) == AGREES
    out = capsys.readouterr().out
    assert out.count("refers to it") == 2
    assert "nothing to remove" in out


def test_a_study_lists_its_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "results/mnist_mlp/study"
    runs = {}
    for seed in range(2):
        made = whole_run(tmp_path / "made", seed=seed)
        (study / "x").mkdir(parents=True, exist_ok=True)
        runs[f"seed{seed}"] = made.rename(study / f"seed{seed}")
    (study / "x").rmdir()
    Store(study).write_verdicts([Verdict(rung="convergence", subject="over seeds", arm_a="one", status="agrees")])
    complete(study, Marker.of("study", 0, "AGREES: 2 runs"), runs)
    out = shown(study, capsys)
    assert "seed0" in out
    assert "rung convergence" in out
    assert "AGREES: 2 runs" in out
    assert main(["list"]) == AGREES
    assert "seed0" not in capsys.readouterr().out
    assert main(["list", "--all", "--csv"]) == AGREES
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert sorted(row["study"] for row in rows) == ["", "mnist_mlp/study", "mnist_mlp/study"]


def test_a_list_for_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_catalogue(tmp_path / "results", 5, broken=1)
    assert main(["list", "--sort", "-created", "--limit", "1", "--csv"]) == AGREES
    assert next(csv.DictReader(io.StringIO(capsys.readouterr().out)))["created"].startswith("2026-01-01 04:00")
    assert main(["list", "--json", "--limit", "0", "--sort", "created"]) == AGREES
    listed = json.loads(capsys.readouterr().out)
    assert (listed["schema"], listed["count"], len(listed["runs"])) == (1, 5, 5)
    assert [run["seed"] for run in listed["runs"] if run["seed"] is not None] == sorted(
        run["seed"] for run in listed["runs"] if run["seed"] is not None
    )
    assert "stamp" not in listed["runs"][0]
    assert listed["runs"][0]["created"] == BEGIN.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_empty_folder_and_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == MISTAKE
    assert "results: there is no such folder" in capsys.readouterr().err
    (tmp_path / "results").mkdir()
    for verb, text in (("list", "no runs in results that fit"), ("table", "no arms that fit")):
        assert main([verb]) == AGREES
        assert text in capsys.readouterr().out
    assert main(["query", "select * from runs"]) == AGREES
    assert capsys.readouterr().out == "no rows\n"


def test_a_package_is_unpacked_into_the_catalogue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = whole_run(tmp_path / "results")
    assert main(["pack", folder.name[:12]]) == AGREES
    package = Path(f"{folder.name}.twinrun")
    assert main(["pack", folder.name[:12]]) == MISTAKE  # nothing is overwritten
    assert main(["unpack", str(package)]) == MISTAKE
    folder.rename(tmp_path / "away")
    capsys.readouterr()
    assert main(["unpack", str(package)]) == AGREES
    assert f"results/mnist_mlp/{folder.name}" in capsys.readouterr().out
    assert main(["verify", str(folder)]) in (AGREES, UNVERIFIED, 1)
    capsys.readouterr()
    assert main(["list", "--json"]) == AGREES
    assert [run["run"] for run in json.loads(capsys.readouterr().out)["runs"]] == [f"mnist_mlp/{folder.name}"]
    assert main(["unpack", "nothing.twinrun"]) == MISTAKE


def test_no_framework_and_for_a_list_no_pandas_is_loaded(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "results", 3)
    read_catalogue(LocalRoot(tmp_path / "results"), rebuild=True)
    code = "import sys; from harness.cli import main; main(sys.argv[1:]); "
    code += "print([n for n in ('tensorflow', 'mindspore', 'keras', 'pandas') if n in sys.modules], file=sys.stderr)"
    for arguments, expected in ((["list"], "[]"), (["table"], "['pandas']")):
        command = [sys.executable, "-c", code, *arguments, f"root={tmp_path}/results"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
        assert done.stderr.splitlines()[-1] == expected
