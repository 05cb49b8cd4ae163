"""Hands a recorded run to the tools in which people already look: an MLflow server or store, a TensorBoard log folder.

Both read the run's folder as `harness.results.load` does. Neither loads a framework.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.results.catalogue.columns import ARM, REAL
from harness.scenarios.catalogue.mistakes import refuse
from harness.system.writing import whole

if TYPE_CHECKING:
    import pandas as pd

    from harness.results.catalogue.api import LoadedRun

# By the tag in both tools, the recorded table and its column.
CURVES = {
    "loss": ("steps", "loss"),
    "learning_rate": ("steps", "learning_rate"),
    "epoch/train_loss": ("epochs", "train_loss"),
    "epoch/test_loss": ("epochs", "test_loss"),
    "epoch/test_accuracy": ("epochs", "test_accuracy"),
}
FACTS: tuple[str, ...] = (
    "kind",
    "variant",
    "seed",
    "status",
    "verdict",
    "exit_code",
    "twinrun",
    "python",
    "host",
    "processor",
)
FACTS += ("data", "parameters", "batch_size", "planned_steps", "plan_digest", "spec_digest")
OF_ARM = ("adapter", "version", "mode", "device", "precision", "policy", "threads", "settings")
SENTENCES = ("sentence", "judged", "reason")
MOST_PARAM, MOST_BATCH = 6000, 1000  # of MLflow: characters of a value, metrics of a request
PAGES = ("*.md", "*.html", "*.png", "*.svg", "verdicts.parquet", "experiment.json", "plan.json", "complete.json")


def points(run: LoadedRun, tag: str, arm: str) -> Iterator[tuple[int, float]]:
    """The finite values of one curve of an arm, each with the number of steps behind it."""
    table, column = CURVES[tag]
    of_arm = _of(getattr(run, table), arm)
    if column not in of_arm.columns:
        return
    steps = of_arm["step"] if table == "steps" else _steps_behind(run, arm, len(of_arm))
    for step, value in zip(steps, of_arm[column], strict=True):
        if value is not None and math.isfinite(value):
            yield int(step), float(value)


def _of(table: pd.DataFrame, arm: str) -> pd.DataFrame:
    return table[table["arm"] == arm] if "arm" in table.columns else table


def _steps_behind(run: LoadedRun, arm: str, epochs: int) -> Sequence[int]:
    """The last step of each epoch, or its number where no steps were recorded."""
    steps = _of(run.steps, arm)
    if "epoch" not in steps.columns:
        return range(epochs)
    last = steps.groupby("epoch")["step"].max().tolist()
    return last if len(last) == epochs else range(epochs)


def to_tensorboard(run: LoadedRun, folder: Path) -> list[Path]:
    """Writes the scalars of each arm into a folder of its own below `folder`, over an earlier export of the same run.

    Raises CannotWriteError where the disk does not take them.
    """
    try:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError:
        refuse(["to=tensorboard needs the package tensorboard; install it with pip install 'twinrun[tensorboard]'"])
    begin = run.facts["created"].replace(tzinfo=timezone.utc).timestamp() if run.facts["created"] else 0.0
    written = []
    for arm in run.arms["arm"]:
        place = folder / _as_name(run.facts["run"]) / _as_name(arm)
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"events.out.tfevents.{int(begin):010d}.twinrun"
        with whole(path) as partial, partial.open("wb") as file:
            writer = RecordWriter(file)
            writer.write(event_pb2.Event(wall_time=begin, file_version="brain.Event:2").SerializeToString())
            for tag in CURVES:
                for step, value in points(run, tag, arm):
                    summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=value)])
                    event = event_pb2.Event(wall_time=begin + step, step=step, summary=summary)
                    writer.write(event.SerializeToString())
        written.append(path)
    return written


def to_mlflow(run: LoadedRun, folder: Path, uri: str) -> str:
    """Logs the run to the MLflow store or server at `uri`: facts as params, what was measured as metrics, the report
    and the records it is made of as artifacts. Returns MLflow's name of the run.

    Raises UserMistake where the package is missing or the store refuses.
    """
    try:
        from mlflow.entities import Metric, Param, RunTag
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ImportError:
        refuse(["to=mlflow needs the package mlflow-skinny; install it with pip install 'twinrun[mlflow]'"])
    created = run.facts["created"]
    begin = int(1000 * created.replace(tzinfo=timezone.utc).timestamp()) if created else 0
    try:
        client = MlflowClient(tracking_uri=uri)
        experiment = client.get_experiment_by_name(run.facts["experiment"])
        number = experiment.experiment_id if experiment else client.create_experiment(run.facts["experiment"])
        run_id = str(client.create_run(number, start_time=begin, run_name=run.facts["run"]).info.run_id)
        params = [Param(name, value[:MOST_PARAM]) for name, value in params_of(run).items()]
        tags = [RunTag(f"twinrun.{name}", str(run.facts[name])) for name in SENTENCES if run.facts[name]]
        client.log_batch(run_id, params=params, tags=tags)
        metrics = [Metric(name, value, begin + step, step) for name, step, value in metrics_of(run)]
        for start in range(0, len(metrics), MOST_BATCH):
            client.log_batch(run_id, metrics=metrics[start : start + MOST_BATCH])
        for path in sorted(path for pattern in PAGES for path in folder.glob(pattern)):
            client.log_artifact(run_id, str(path), "twinrun")
        client.set_terminated(run_id, "FINISHED" if run.facts["exit_code"] == 0 else "FAILED")
    except (MlflowException, ImportError) as error:
        refuse([f"out={uri}: MLflow refuses: {' '.join(str(error).split())}"])
    return run_id


def params_of(run: LoadedRun) -> dict[str, str]:
    """The facts of the run, and of each arm below its name; what is not known is left out."""
    facts: dict[str, Any] = {name: run.facts[name] for name in FACTS}
    for arm in run.arms.to_dict("records"):
        facts |= {f"{_as_name(str(arm['arm']))}/{name}": arm[name] for name in OF_ARM}
    return {name: str(value) for name, value in facts.items() if _is_known(value)}


def metrics_of(run: LoadedRun) -> Iterator[tuple[str, int, float]]:
    """(name, step, value) of everything measured: each arm's columns of numbers, its curves, the worst of each rung."""
    for arm in run.arms.to_dict("records"):
        name = _as_name(str(arm["arm"]))
        for column, (kind, _) in ARM.items():
            if kind == REAL and _is_known(arm[column]):
                yield f"{name}/{column}", 0, float(arm[column])
        for tag in CURVES:
            for step, value in points(run, tag, str(arm["arm"])):
                yield f"{name}/{tag}", step, value
    for rung in run.rungs.to_dict("records"):
        if _is_known(rung["worst_share"]):
            yield f"rung/{_as_name(str(rung['rung']))}/worst_share", 0, float(rung["worst_share"])
        yield f"rung/{_as_name(str(rung['rung']))}/diverges", 0, float(rung["diverges"])


def _is_known(value: Any) -> bool:
    return value is not None and value == value and str(value) not in ("", "<NA>")


def _as_name(text: str) -> str:
    """The text as both tools, and a file system, take it in a name."""
    return re.sub(r"[^A-Za-z0-9_. -]", "_", text).strip(". ") or "_"


def loaded(folder: Path) -> LoadedRun:
    """The run in a folder. Raises UserMistake where it has no arms."""
    from harness.results import load

    run = load(folder)
    if not len(run.arms):
        refuse([f"{folder}: is a {run.facts['kind']} without arms of its own; give one of its runs"])
    return run


def settings_of(further: Mapping[str, str]) -> tuple[str, str]:
    """The tool and the place of the export. Raises UserMistake where one is missing."""
    missing = [f"give {key}, such as {key}={example}" for key, example in EXAMPLES.items() if key not in further]
    if missing:
        refuse(missing)
    return further["to"], further["out"]


EXAMPLES = {"to": "tensorboard", "out": "logs"}
TOOLS = ("mlflow", "tensorboard")  # besides `hosts`: harness.scenarios.hosts


def known_tool(text: str) -> str:
    """One of `TOOLS`. Raises ValueError, with a clause, for anything else."""
    if text not in TOOLS:
        raise ValueError(f"allowed: {', '.join(TOOLS)}, hosts")
    return text
