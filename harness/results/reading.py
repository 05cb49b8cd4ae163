"""Reads a run's folder: the inverse of `store`. What cannot be read is a value, and everything else is still there.

The marker is read first: what differs from it is damaged, and named, though it may still be readable.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from harness.plan import digest_arrays
from harness.records.cost import CostPlan
from harness.records.series import Series
from harness.records.trace import Trace
from harness.results.answers import ANSWERS, RecordedAnswer, read_answer
from harness.results.claim import claimed_by
from harness.results.epochs import epochs_from
from harness.results.files import (
    DAMAGE,
    UnreadableError,
    numbers_of,
    read_arrays,
    read_experiment,
    read_numbers,
    read_object,
    read_outcomes,
    read_spec,
    read_table,
    read_trace,
)
from harness.results.kinds import is_run as is_run
from harness.results.kinds import runs_below as runs_below
from harness.results.marker import MARKER, State, damages, state_of, unfit
from harness.results.recorded import (
    EPOCHS,
    EXPERIMENT,
    PLAN,
    STEPS,
    TRACE,
    VERDICTS,
    ReadingFailure,
    RecordedArm,
    RecordedRun,
)
from harness.results.segments import segments_in
from harness.results.store import COST, SEGMENTS
from harness.results.tables import EPOCH_COLUMNS, STEP_COLUMNS
from harness.spec.arm import Arm
from harness.system.array_files import PREDICTIONS, WEIGHTS

Read = TypeVar("Read")


def read_run(folder: Path, keeps_arrays: bool = True) -> RecordedRun:
    """The run in a folder. Whatever state it is in, and whatever is damaged, is among its failures.

    Without `keeps_arrays` the weights and predictions are read and checked, and not kept: those of a study's runs
    together may not fit into memory.
    """
    state = state_of(folder)
    damaged = dict(state_problems(folder, state, "run"))
    reader = Reader(folder, "", damaged)
    experiment = reader.read(EXPERIMENT, read_experiment)
    plan = reader.read(PLAN, read_object) or {}
    cost = reader.read(COST, lambda path: read_spec(path, CostPlan, "plan of cost")) if reader.exists(COST) else None
    # A run that was killed has not come to its verdicts.
    verdicts = reader.read(VERDICTS, read_outcomes) if state == "complete" or reader.exists(VERDICTS) else None
    stated = {arm.name: arm for arm in experiment.arms} if experiment else {}
    beside = sorted(path.name for path in (folder / "arms").glob("*") if path.is_dir())
    arms = {}
    for name in dict.fromkeys([*stated, *beside]):
        of_arm = Reader(folder, f"arms/{name}/", damaged)
        arm = _read_arm(of_arm, stated.get(name), keeps_arrays)
        if arm is None:
            reader.reasons |= of_arm.reasons
        else:
            arms[name] = arm
    reader.reasons |= damaged  # of arms that are gone
    table = pd.DataFrame() if verdicts is None else verdicts
    return RecordedRun(folder, experiment, plan, table, arms, reader.failures, state, cost)


def state_problems(folder: Path, state: State, what: str) -> Iterator[tuple[str, str]]:
    """Why a folder is not what it was when it was complete: (place, why); nothing where it is."""
    if state == "complete":
        yield from damages(folder)
    elif state == "unfinished":
        yield MARKER, f"is missing: the {what} did not come to its end ({claimed_by(folder)})"
    else:
        yield MARKER, f"is missing: the {what} was made before there were markers, and damage to it does not show"


class Reader:
    """Reads files of one folder, and keeps what went wrong. Takes those of its folder out of `damaged`."""

    def __init__(self, folder: Path, below: str, damaged: dict[str, str]) -> None:
        self.folder, self.below = folder, below
        folders = (below.rstrip("/"), f"{below}{ANSWERS}")
        mine = [place for place in damaged if place.rpartition("/")[0] in folders]
        self.reasons = {place: damaged.pop(place) for place in mine}

    @property
    def failures(self) -> tuple[ReadingFailure, ...]:
        return tuple(ReadingFailure(place, why) for place, why in self.reasons.items())

    def read(self, name: str, parse: Callable[[Path], Read]) -> Read | None:
        path = self.folder / self.below / name
        if problem := unfit(path):
            self.reasons.setdefault(self.below + name, problem)
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
        place = self.below + name
        self.reasons[place] = "; ".join(filter(None, [message, self.reasons.get(place)]))

    def exists(self, name: str) -> bool:
        return os.path.lexists(self.folder / self.below / name)


def _read_arm(reader: Reader, stated: Arm | None, keeps_arrays: bool) -> RecordedArm | None:
    """None where nothing says what the arm is."""
    record = reader.read(TRACE, read_trace)
    steps = _read_numbers(reader, STEPS, STEP_COLUMNS, "step")
    epochs = _read_numbers(reader, EPOCHS, EPOCH_COLUMNS, "epoch")
    weights = reader.read(WEIGHTS, read_arrays) if reader.exists(WEIGHTS) else None
    predictions = reader.read(PREDICTIONS, read_arrays) if reader.exists(PREDICTIONS) else None
    trace, beside = record or (Trace(arm=stated) if stated else None, {})
    if stated and trace and reader.below + TRACE in reader.reasons:
        trace = trace.model_copy(update={"arm": stated})  # what a damaged record says of the arm is not taken
    if record is not None and trace is not None:
        summary = beside.get("summary", {})
        _belongs(reader, STEPS, summary, ("steps", "train_loss"), None if steps is None else _told_by_steps(steps))
        _belongs(reader, EPOCHS, summary, ("epochs", "test_loss"), None if epochs is None else _told_by_epochs(epochs))
        if weights is None and trace.finished and not reader.exists(WEIGHTS):
            reader.fail(WEIGHTS, "is missing, and the training came to its end")
        if weights is not None and digest_arrays(weights) != trace.final_weights_digest:
            weights = None
            reader.fail(WEIGHTS, "is not what the training ended with: its digest is another")
    told = bool(reader.reasons)  # then more has been said already
    if steps is not None and epochs is not None and not told and set(steps["epoch"]) != set(epochs["epoch"]):
        reader.fail(STEPS, f"is of other epochs than {EPOCHS}")
    answers = _read_answers(reader)
    if trace is None:
        return None
    said = steps is not None and bool(steps["learning_rate"].notna().any())
    rates = Series(steps["learning_rate"].to_numpy(np.float64)) if steps is not None and said else Series()
    arrays = {"weights": weights or {}, "predictions": predictions or {}}
    others = [] if steps is None else [name for name in steps.columns if name not in STEP_COLUMNS]
    return RecordedArm(
        trace.model_copy(update={"learning_rates": rates, "epochs": epochs_from(steps, epochs)}),
        {name: steps[name].to_numpy(np.float64) for name in others} if steps is not None else {},
        arrays["weights"] if keeps_arrays else {},
        arrays["predictions"] if keeps_arrays else {},
        reader.failures,
        np.empty(0) if epochs is None else epochs["train_loss"].to_numpy(np.float64),
        beside,
        reader.below,
        answers,
        () if keeps_arrays else tuple(name for name, values in arrays.items() if values),
    )


def _read_answers(reader: Reader) -> dict[str, RecordedAnswer]:
    """The answers to the rungs' questions that can be read, by rung."""
    files = sorted((reader.folder / reader.below / ANSWERS).glob("*.json"))
    answers = {file.stem: reader.read(f"{ANSWERS}/{file.name}", read_answer) for file in files}
    return {rung: answer for rung, answer in answers.items() if answer is not None}


def _read_numbers(reader: Reader, name: str, columns: tuple[str, ...], counted: str) -> pd.DataFrame | None:
    """The table of steps or of epochs; of a training that is not at its end its segments, joined."""
    segments = [] if reader.exists(name) else segments_in(reader.folder / reader.below)
    if not segments:
        return reader.read(name, lambda path: _in_order(read_numbers(path, columns, counted)))
    places = [f"{SEGMENTS}/{segment.name}/{name}" for segment in segments]
    tables = [reader.read(place, lambda path: read_table(path, columns)) for place in places]
    whole = [table for table in tables if table is not None]
    if len(whole) < len(tables):
        return None
    try:
        return _in_order(numbers_of(pd.concat(whole, ignore_index=True), counted))
    except UnreadableError as error:
        reader.fail(name, f"{error}, in the segments of a training that was cut off")
        return None


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    if not table["epoch"].is_monotonic_increasing:
        raise UnreadableError("column epoch falls from one row to the next")
    return table


def _belongs(
    reader: Reader, name: str, summary: Mapping[str, Any], keys: tuple[str, str], told: tuple[int, float | None] | None
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
