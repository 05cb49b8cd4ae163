"""Reads a run's folder: the inverse of `store`. What cannot be read is a value, and everything else is still there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from adapters.protocol import FloatArray
from harness.arrays import PREDICTIONS, WEIGHTS, Arrays
from harness.plan import digest_arrays
from harness.results.files import (
    DAMAGE,
    UnreadableError,
    read_arrays,
    read_experiment,
    read_numbers,
    read_object,
    read_outcomes,
    read_trace,
)
from harness.results.store import EPOCH_COLUMNS, STEP_COLUMNS
from harness.results.trace import EpochRecord, Trace
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment

EXPERIMENT, PLAN, TRACE, STEPS, EPOCHS = "experiment.json", "plan.json", "trace.json", "steps.parquet", "epochs.parquet"
VERDICTS = "verdicts.parquet"
# The columns of steps.parquet that hold a number for each layer, and their place in an epoch's record.
NORMS = {"gradient_norm": "gradient_norms", "clipped_norm": "clipped_norms", "digest": "digests"}

Read = TypeVar("Read")


@dataclass(frozen=True)
class ReadingFailure:
    """A file that is missing or cannot be what it should: its place in the run's folder, and why."""

    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


@dataclass(frozen=True)
class RecordedArm:
    """`trace` holds as much as could be read: without its steps, or its epochs, what these would have told is missing.

    `columns`: what steps.parquet has besides its own columns, a number a step. Weights that are not those the training
    ended with are not there.
    """

    trace: Trace
    columns: Mapping[str, FloatArray] = field(default_factory=dict)
    weights: Arrays = field(default_factory=dict)
    predictions: Arrays = field(default_factory=dict)
    failures: tuple[ReadingFailure, ...] = ()

    def failed(self, file: str) -> bool:
        """Whether this file of the arm is one that could not be read."""
        return any(Path(failure.file).name == file for failure in self.failures)


@dataclass(frozen=True)
class RecordedRun:
    """`plan` is what plan.json holds, `verdicts` the outcomes in verdicts.parquet; empty where there are none."""

    folder: Path
    experiment: Experiment | None
    plan: Mapping[str, Any]
    verdicts: pd.DataFrame
    arms: Mapping[str, RecordedArm]
    failures: tuple[ReadingFailure, ...] = ()


def is_run(folder: Path) -> bool:
    """Whether anything in the folder is what a run leaves behind."""
    return any((folder / name).exists() for name in (EXPERIMENT, PLAN, "arms"))


def runs_below(folder: Path) -> dict[str, Path]:
    """The runs of a study, by their place in its folder."""
    return {str(file.parent.relative_to(folder)): file.parent for file in sorted(folder.glob("**/" + EXPERIMENT))}


def read_run(folder: Path) -> RecordedRun:
    reader = _Reader(folder)
    experiment = reader.read(EXPERIMENT, read_experiment)
    plan = reader.read(PLAN, read_object) or {}
    found = (folder / VERDICTS).exists()  # a run that was killed has not come to its verdicts
    verdicts = reader.read(VERDICTS, read_outcomes) if found else None
    given = {arm.name: arm for arm in experiment.arms} if experiment else {}
    beside = sorted(path.name for path in (folder / "arms").glob("*") if path.is_dir())
    arms = {}
    for name in dict.fromkeys([*given, *beside]):
        of_arm = _Reader(folder, f"arms/{name}/")
        arm = _read_arm(of_arm, given.get(name))
        if arm is None:
            reader.failures += of_arm.failures
        else:
            arms[name] = arm
    return RecordedRun(
        folder, experiment, plan, pd.DataFrame() if verdicts is None else verdicts, arms, tuple(reader.failures)
    )


class _Reader:
    """Reads files of one folder, and keeps what went wrong."""

    def __init__(self, folder: Path, below: str = "") -> None:
        self.folder, self.below, self.failures = folder, below, list[ReadingFailure]()

    def read(self, name: str, parse: Callable[[Path], Read]) -> Read | None:
        path = self.folder / self.below / name
        if not path.is_file():
            self.fail(name, "is missing")
            return None
        try:
            return parse(path)
        except UnreadableError as error:
            self.fail(name, str(error))
        except DAMAGE as error:
            reason = " ".join(str(error).split())[:200]
            self.fail(name, f"cannot be read ({type(error).__name__}: {reason}); is it cut off or damaged?")
        return None

    def fail(self, name: str, message: str) -> None:
        self.failures.append(ReadingFailure(self.below + name, message))

    def exists(self, name: str) -> bool:
        return (self.folder / self.below / name).exists()


def _read_arm(reader: _Reader, given: Arm | None) -> RecordedArm | None:
    """None where nothing says what the arm is."""
    record = reader.read(TRACE, read_trace)
    steps = reader.read(STEPS, lambda path: read_numbers(path, STEP_COLUMNS, "step"))
    epochs = reader.read(EPOCHS, lambda path: read_numbers(path, EPOCH_COLUMNS, "epoch"))
    weights = reader.read(WEIGHTS, read_arrays) if reader.exists(WEIGHTS) else None
    predictions = reader.read(PREDICTIONS, read_arrays) if reader.exists(PREDICTIONS) else None
    trace = Trace(arm=given) if given else None
    if record is not None:
        trace, summary = record
        _belongs(reader, STEPS, summary, ("steps", "train_loss"), None if steps is None else _told_by_steps(steps))
        _belongs(reader, EPOCHS, summary, ("epochs", "test_loss"), None if epochs is None else _told_by_epochs(epochs))
        if weights is None and trace.finished and not reader.exists(WEIGHTS):
            reader.fail(WEIGHTS, "is missing, and the training came to its end")
        if weights is not None and digest_arrays(weights) != trace.final_weights_digest:
            weights = None
            reader.fail(WEIGHTS, "is not what the training ended with: its digest is another")
    told = bool(reader.failures)  # then more has been said already
    if steps is not None and epochs is not None and not told and set(steps["epoch"]) != set(epochs["epoch"]):
        reader.fail(STEPS, f"is of other epochs than {EPOCHS}")
    if trace is None:
        return None
    said = steps is not None and bool(steps["learning_rate"].notna().any())
    rates = tuple(float(rate) for rate in steps["learning_rate"]) if steps is not None and said else ()
    trace = trace.model_copy(update={"learning_rates": rates, "epochs": _epochs(steps, epochs)})
    others = [] if steps is None else [name for name in steps.columns if name not in STEP_COLUMNS]
    columns = {name: steps[name].to_numpy(np.float64) for name in others} if steps is not None else {}
    return RecordedArm(trace, columns, weights or {}, predictions or {}, tuple(reader.failures))


def _belongs(
    reader: _Reader, name: str, summary: Mapping[str, Any], keys: tuple[str, str], told: tuple[int, float | None] | None
) -> None:
    """Fails a table that says other than the summary in trace.json: it is cut off, or of another run."""
    if told is None or any(key not in summary for key in keys):
        return
    (of_rows, of_last), (rows, last) = keys, told
    if summary[of_rows] != rows:
        reader.fail(name, f"has {rows} rows, and {summary[of_rows]} were recorded: it is cut off, or of another run")
    elif summary[of_last] != last:
        reader.fail(name, f"is of another run: the last {of_last} is {last}, and {summary[of_last]} was recorded")


def _told_by_steps(steps: pd.DataFrame) -> tuple[int, float | None]:
    """How many steps there are, and the mean loss of the last epoch, as `Trace.summary` has it."""
    last = [float(loss) for loss in steps["loss"][steps["epoch"] == steps["epoch"].max()]]
    return len(steps), _finite(sum(last) / len(last)) if last else None


def _told_by_epochs(epochs: pd.DataFrame) -> tuple[int, float | None]:
    return len(epochs), _finite(float(epochs["test_loss"].iloc[-1])) if len(epochs) else None


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _epochs(steps: pd.DataFrame | None, epochs: pd.DataFrame | None) -> tuple[EpochRecord, ...]:
    """One record for each epoch that either table knows."""
    by_step = {} if steps is None else {int(float(str(number))): part for number, part in steps.groupby("epoch")}
    by_epoch = {} if epochs is None else {int(row["epoch"]): row for row in epochs.to_dict("records")}
    return tuple(_epoch(each, by_step.get(each), by_epoch.get(each)) for each in sorted({*by_step, *by_epoch}))


def _epoch(number: int, steps: pd.DataFrame | None, scored: Mapping[Any, Any] | None) -> EpochRecord:
    def column(name: str) -> tuple[float, ...]:
        return () if steps is None else tuple(float(value) for value in steps[name])

    found = {} if scored is None else scored
    accuracy = found.get("test_accuracy")
    norms: dict[str, dict[str, tuple[float, ...]]] = {where: {} for where in NORMS.values()}
    for name in () if steps is None else steps.columns:
        kind, _, layer = str(name).partition("/")
        if kind in NORMS:
            norms[NORMS[kind]][layer] = column(name)
    return EpochRecord(
        epoch=number,
        losses=column("loss"),
        epoch_time_s=float(found.get("epoch_time_s", np.nan)),
        samples=int(found.get("samples", 0)),
        test_loss=float(found.get("test_loss", np.nan)),
        test_accuracy=None if accuracy is None or pd.isna(accuracy) else float(accuracy),
        samples_scored=int(found.get("samples_scored", 0)),
        peak_rss_bytes=int(found.get("peak_rss_bytes", 0)),
        **norms,
    )
