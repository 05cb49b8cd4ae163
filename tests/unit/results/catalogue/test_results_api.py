"""`harness.results` as a user of pandas has it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from composing import REPOSITORY
from made_up_catalogues import ARMS, BEGIN, MadeUp, write_catalogue, write_run
from made_up_traces import epoch

from harness import results as recorded
from harness.records.trace import Trace
from harness.results.catalogue.columns import ARM, RUN, RUNG
from harness.results.store import Store
from harness.spec import Arm


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("results")
    write_catalogue(root, 12)
    for folder in root.glob("*/*"):
        for name, mode in ARMS.items():
            epochs = tuple(epoch(number, (1.0, 0.5, 0.25)) for number in range(2))
            trace = Trace(arm=Arm(name=name, adapter=name, mode=mode), finished=True, epochs=epochs)
            kept = (folder / "arms" / name / "trace.json").read_bytes()
            Store(folder).write_trace(trace)
            (folder / "arms" / name / "trace.json").write_bytes(kept)
    return root


def test_runs_has_the_documented_columns(root: Path) -> None:
    runs = recorded.runs(root)
    assert list(runs.columns) == list(RUN)
    assert len(runs) == 12
    assert runs["seed"].tolist() == list(range(12))
    assert runs["created"].iloc[1] - runs["created"].iloc[0] == timedelta(hours=1)
    page = (REPOSITORY / "docs" / "results.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert documented >= {*RUN, *ARM, *RUNG}


def test_runs_are_chosen_by_name_time_and_condition(root: Path) -> None:
    assert set(recorded.runs(root, experiment="cnn")["experiment"]) == {"cnn"}
    assert set(recorded.runs(root, experiment=["cnn", "sales"])["experiment"]) == {"cnn", "sales"}
    assert len(recorded.runs(root, since=BEGIN + timedelta(hours=10))) == 2
    assert len(recorded.runs(root, "seed < 3", until=BEGIN + timedelta(hours=1))) == 2
    assert len(recorded.runs(root, version="2.21")) == 6
    assert len(recorded.runs(root, version="2.2")) == 0
    with pytest.raises(recorded.QueryError, match="verdct"):
        recorded.runs(root, "verdct = 'agrees'")


def test_arms_have_their_runs_beside_them(root: Path) -> None:
    arms = recorded.frame("arms", root, "test_accuracy > 0.5", arm="tensorflow")
    assert list(arms.columns) == [*RUN, *ARM]
    assert arms["arm"].unique().tolist() == ["tensorflow"]
    by_version = arms.groupby("version")["step_time_s"].median()
    assert by_version["2.21.0"] / by_version["2.20.0"] == pytest.approx(1.1, abs=0.08)


def test_steps_and_epochs_of_all_runs(root: Path) -> None:
    steps = recorded.frame("steps", root, experiment="cnn")
    assert list(steps.columns[:2]) == ["run", "arm"]
    assert len(steps) == 4 * len(ARMS) * 6
    epochs = recorded.frame("epochs", root, experiment="cnn")
    assert epochs.groupby(["run", "arm"]).size().tolist() == [2] * 8
    verdicts = recorded.frame("verdicts", root)
    assert set(verdicts["rung"]) == {"model", "step"}
    assert recorded.frame("samples", root).empty


def test_a_damaged_table_is_told_and_the_others_are_there(tmp_path: Path) -> None:
    good, bad = (write_run(tmp_path, MadeUp(seed=seed, created=BEGIN + timedelta(days=seed))) for seed in (1, 2))
    (bad / "verdicts.parquet").write_bytes(b"PAR1")
    verdicts = recorded.frame("verdicts", tmp_path)
    assert verdicts["run"].unique().tolist() == [f"mnist_mlp/{good.name}"]
    (problem,) = verdicts.attrs["problems"]
    assert problem.startswith(f"mnist_mlp/{bad.name}: verdicts.parquet cannot be read")
    loaded = recorded.load(bad)
    assert loaded.facts["status"] == "damaged"
    assert any(problem.startswith("verdicts.parquet") for problem in loaded.problems)


def test_one_run_is_loaded_with_all_its_tables(root: Path) -> None:
    folder = next(iter(sorted(root.glob("cnn/*"))))
    run = recorded.load(folder)
    assert run.facts["experiment"] == "cnn"
    assert run.arms["arm"].tolist() == list(ARMS)
    assert list(run.rungs["rung"]) == ["model", "step"]
    assert len(run.steps) == 2 * 6
    assert isinstance(run.verdicts, pd.DataFrame)
    assert len(run.verdicts) == 2


def test_mistakes_are_exceptions_with_words(tmp_path: Path, root: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is no folder of twinrun"):
        recorded.load(tmp_path)
    with pytest.raises(ValueError, match=r"kind must be one of runs, arms, .*'arm'"):
        recorded.frame("arm", root)  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="nothing"):
        _ = recorded.nothing


def test_importing_a_module_of_results_loads_no_pandas() -> None:
    code = "import sys; import harness.results.marker, harness.results.catalogue.index; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert done.stdout == "False\n"


def test_the_example_notebook_runs(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its cells, one after the other, as a kernel runs them."""
    import nbformat

    notebook = nbformat.read(REPOSITORY / "examples" / "results.ipynb", as_version=4)
    nbformat.validate(notebook)
    monkeypatch.chdir(root.parent)
    (root.parent / "results").symlink_to(root) if not (root.parent / "results").exists() else None
    monkeypatch.setenv("MPLBACKEND", "agg")
    names: dict[str, object] = {"__name__": "__main__"}
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) >= 4
    for source in cells:
        exec(compile(source, "results.ipynb", "exec"), names)
    assert "tensorflow" in capsys.readouterr().out
    assert json.dumps(notebook.metadata)
