"""A run that was exported is read back with the tools' own readers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from composing import REPOSITORY
from made_up_catalogues import ARMS, MadeUp, write_run
from made_up_traces import epoch

from harness.cli import main
from harness.records.trace import Trace
from harness.results.store import Store
from harness.spec import Arm

LOSSES = ((1.0, 0.5, float("nan")), (0.25, 0.125, 0.0625))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_run(tmp_path / "results", MadeUp())
    (folder / "report.md").write_text("# a page\n")
    for name, mode in ARMS.items():
        epochs = tuple(epoch(number, losses) for number, losses in enumerate(LOSSES))
        trace = Trace(arm=Arm(name=name, adapter=name, mode=mode), finished=True, epochs=epochs)
        kept = (folder / "arms" / name / "trace.json").read_bytes()
        Store(folder).write_trace(trace)
        (folder / "arms" / name / "trace.json").write_bytes(kept)
    return folder


def test_tensorboard_has_the_curves_of_both_arms(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard")
    for _ in range(2):  # the second export replaces the first
        assert main(["export", str(folder), "to=tensorboard", f"out={tmp_path}/logs"]) == 0
    files = sorted((tmp_path / "logs").rglob("events*"))
    assert [path.parent.name for path in files] == list(ARMS)
    # The reader would load TensorFlow if it is installed.
    monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", ModuleType("notf"))
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    for path in files:
        scalars = [
            (value.tag, event.step, value.simple_value)
            for event in LegacyEventFileLoader(str(path)).Load()
            for value in event.summary.value
        ]
        of_tag = {tag: [(step, value) for name, step, value in scalars if name == tag] for tag, _, _ in scalars}
        assert of_tag["loss"] == [(0, 1.0), (1, 0.5), (3, 0.25), (4, 0.125), (5, 0.0625)]
        assert of_tag["epoch/test_accuracy"] == [(2, 0.5), (5, 0.5)]
        assert [step for step, _ in of_tag["epoch/test_loss"]] == [2, 5]


def test_mlflow_has_facts_curves_and_the_report(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = (tmp_path / "mlruns").as_uri()
    assert main(["export", str(folder), "to=mlflow", f"out={uri}"]) == 0
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("mnist_mlp")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.params["tensorflow/version"] == "2.21.0"
    assert run.data.params["verdict"] == "agrees"
    assert run.data.metrics["tensorflow/step_time_s"] == 0.01
    assert run.data.metrics["rung/model/worst_share"] == 0.25
    assert run.data.tags["twinrun.sentence"].startswith("AGREES: mindspore and tensorflow")
    history = client.get_metric_history(run.info.run_id, "mindspore/loss")
    assert [(point.step, point.value) for point in history] == [(0, 1.0), (1, 0.5), (3, 0.25), (4, 0.125), (5, 0.0625)]
    logged = {path.path for path in client.list_artifacts(run.info.run_id, "twinrun")}
    assert {"twinrun/report.md", "twinrun/verdicts.parquet", "twinrun/complete.json"} <= logged
    assert run.info.status == "FINISHED"


@pytest.mark.parametrize(("tool", "package"), [("mlflow", "mlflow"), ("tensorboard", "tensorboard")])
def test_a_missing_package_is_told_with_its_extra(
    folder: Path, tool: str, package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["export", str(folder), f"to={tool}", "out=x"]) == 2
    assert f"pip install 'twinrun[{tool}]'" in capsys.readouterr().err


def test_mistakes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(folder)]) == 2
    err = capsys.readouterr().err
    assert "give to, such as to=tensorboard" in err
    assert "give out" in err
    assert main(["export", str(folder), "to=wandb", "out=x"]) == 2
    assert "to=wandb: allowed: mlflow, tensorboard" in capsys.readouterr().err


def test_tensorboard_needs_no_tensorflow(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    code = "import sys; from harness.cli import main; main(sys.argv[1:]); print('tensorflow' in sys.modules)"
    command = [sys.executable, "-c", code, "export", str(folder), "to=tensorboard", f"out={tmp_path}/logs"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert done.stdout.splitlines()[-1] == "False"
