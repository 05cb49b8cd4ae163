"""The records of a checked pair's trainings, which lie beside `pair.json` and the verdicts: written and read back.

Each side has `arms/<arm>/trace.json`. If its training has finished, it also has `steps.parquet` (`step`, `loss`, and
`loss_float64`, NaN if the side does not run in float64) and `weights.npz`, the final weights by the shared names.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from harness.oracles.own_float64 import Side
from harness.plan import digest_arrays
from harness.records.trace import EpochRecord, Trace
from harness.results.files import read_arrays, read_numbers, read_outcomes, read_spec, read_trace
from harness.results.kinds import PAIR as PAIR
from harness.results.marker import state_of
from harness.results.reading import Reader, state_problems
from harness.results.recorded import STEPS, TRACE, VERDICTS, RecordedArm, RecordedRun
from harness.results.store import Store, write_frame
from harness.spec.arm import Arm
from harness.subjects.pair.losses import LOSSES
from harness.subjects.pair.spec import Pair
from harness.system.array_files import WEIGHTS, Arrays, save_arrays

COLUMNS = ("step", "loss", "loss_float64")
REFUSED = "float64_refused"  # in a trace's environment: why the side does not run in float64
FINAL = "final"


def write_side(store: Store, trace: Trace, walked: Side | None) -> None:
    """Writes the records of one side to its folder. `walked`: its free-running training; None if it did not finish."""
    store.write_trace_record(trace)
    if walked is None:
        return
    folder = store.arm_folder(trace.arm.name)
    losses, float64 = walked.values[LOSSES], walked.float64
    exact = np.full(len(losses), np.nan) if float64 is None else float64[LOSSES]
    columns = dict(zip(COLUMNS, (np.arange(len(losses)), np.asarray(losses, np.float64), exact), strict=True))
    write_frame(folder / STEPS, pd.DataFrame(columns))
    save_arrays(folder / WEIGHTS, final_weights(walked))


def final_weights(walked: Side) -> Arrays:
    """The final weights of a side's training, by the shared names."""
    return walked.below(FINAL).values


def side_of(arm: RecordedArm) -> Side:
    """A recorded side in the form that the oracle of a pair takes."""
    exact = arm.columns.get("loss_float64", np.empty(0))
    float64 = {LOSSES: exact} if len(exact) and not np.all(np.isnan(exact)) else None
    refused = str(arm.trace.environment.get(REFUSED, "no float64 losses were recorded"))
    return Side(arm.trace.arm, {LOSSES: np.asarray(arm.trace.losses)}, float64, refused)


def with_losses(trace: Trace, steps: pd.DataFrame | None) -> Trace:
    """The trace with its losses, as one epoch without a time and without scores."""
    if steps is None or steps.empty:
        return trace
    untimed = {"epoch_time_s": 0.0, "samples": 0, "test_loss": np.nan, "test_accuracy": None, "samples_scored": 0}
    epoch = EpochRecord(epoch=0, losses=tuple(map(float, steps["loss"])), peak_rss_bytes=0, **untimed)
    return trace.model_copy(update={"epochs": (epoch,)})


def is_pair(folder: Path) -> bool:
    """Whether the folder holds a checked pair."""
    return (folder / PAIR).exists()


@dataclass(frozen=True)
class RecordedPair:
    """`pair`: the checked pair; None if `pair.json` cannot be read. `run`: its sides, as the arms of a recorded run."""

    pair: Pair | None
    run: RecordedRun


def read_pair(folder: Path) -> RecordedPair:
    """The pair in a folder. An incomplete state and damaged files are among the failures of its run."""
    state = state_of(folder)
    damaged = dict(state_problems(folder, state, "pair"))
    reader = Reader(folder, "", damaged)
    pair = reader.read(PAIR, lambda path: read_spec(path, Pair, "pair"))
    verdicts = reader.read(VERDICTS, read_outcomes) if state == "complete" or reader.exists(VERDICTS) else None
    arms = {}
    for arm in pair.arms if pair else ():
        side_reader = Reader(folder, f"arms/{arm.name}/", damaged)
        arms[arm.name] = _read_side(side_reader, arm, pair.steps if pair else 0)
    reader.reasons |= damaged  # of sides that are gone
    table = pd.DataFrame() if verdicts is None else verdicts
    return RecordedPair(pair, RecordedRun(folder, None, {}, table, arms, reader.failures, state))


def _read_side(reader: Reader, arm: Arm, count: int) -> RecordedArm:
    trace, beside = reader.read(TRACE, read_trace) or (Trace(arm=arm), {})
    if trace.arm != arm:
        reader.fail(TRACE, f"is of another arm than {PAIR} says")
        trace = trace.model_copy(update={"arm": arm})
    steps = reader.read(STEPS, lambda path: read_numbers(path, COLUMNS, "step")) if reader.exists(STEPS) else None
    weights = reader.read(WEIGHTS, read_arrays) if reader.exists(WEIGHTS) else None
    if steps is not None and (len(steps) != count or not trace.finished):
        reader.fail(STEPS, f"has {len(steps)} rows of {count} steps: it is cut off, or of another pair")
    for name, content in ((STEPS, steps), (WEIGHTS, weights)):
        if trace.finished and content is None and not reader.exists(name):
            reader.fail(name, "is missing, and the training came to its end")
    if weights is not None and digest_arrays(weights) != trace.final_weights_digest:
        weights = None
        reader.fail(WEIGHTS, "is not what the training ended with: its digest is another")
    exact = {} if steps is None else {"loss_float64": steps["loss_float64"].to_numpy(np.float64)}
    recorded = with_losses(trace, steps)
    return RecordedArm(recorded, exact, weights or {}, failures=reader.failures, beside=beside, place=reader.below)
