"""Times one process of a row, from its start to its end, and returns its record and its blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from harness.records.failure import Failure, WorkerFailedError
from harness.records.timing import SAMPLE_COLUMNS, Phases, ProcessRecord, Row
from harness.spec.arm import Arm
from harness.system.array_files import Arrays
from harness.system.output import say_on_stderr
from harness.system.progress import OnWork
from harness.timing.warm_up import find_warm_up
from harness.worker.devices import alone_on, device_of
from harness.worker.process import Worker
from harness.worker.task import Task
from harness.worker.timing import tasks

FEWEST_BLOCKS = 20  # behind the first step, in which a warm-up is looked for
TIMES = ("dispatch_s", "fetch_s")


@dataclass(frozen=True)
class Preparation:
    """The first question to a process of a row, and what it is told beside the size."""

    task: Task
    payload: Mapping[str, Any]

    def ask(self, worker: Worker, block_steps: int, horizon: int) -> dict[str, Any]:
        """The result: `epoch_steps` and `batch_size`."""
        result: dict[str, Any] = worker.ask(self.task, **self.payload, block_steps=block_steps, horizon=horizon)[0]
        return result


@dataclass(frozen=True)
class Size:
    """How much of a row is timed in one process: blocks of so many steps, whether a whole epoch, to which accuracy."""

    blocks: int
    block_steps: int
    with_epoch: bool = True
    target_accuracy: float | None = None

    def steps(self, epoch_steps: int) -> int:
        """The steps that are timed, with those of an epoch of this length."""
        return self.blocks * self.block_steps + self.with_epoch * epoch_steps

    @property
    def horizon(self) -> int:
        """The most steps of all blocks: the first step, and the others twice where there is no steady state."""
        return 1 + 2 * self.blocks * self.block_steps


@dataclass
class Blocks:
    """The blocks of a process: for each its part, its steps, and its times."""

    batch_size: int
    parts: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    times: list[tuple[float, float]] = field(default_factory=list)

    def add(self, part: str, steps: int, arrays: Arrays) -> None:
        """Adds blocks of one size."""
        pairs = list(zip(*(arrays[name].tolist() for name in TIMES), strict=True))
        self.parts += [part] * len(pairs)
        self.steps += [steps] * len(pairs)
        self.times += pairs

    def find_warm_up(self) -> tuple[int, bool]:
        """Marks the blocks behind the first up to the change point; returns the first steady one, and if it is sure."""
        first = self.parts.count("first")
        times_s = [sum(times) / steps for times, steps in zip(self.times[first:], self.steps[first:], strict=True)]
        found = find_warm_up(times_s)
        start = first + found.steady_from
        self.parts[first:] = ["warm_up"] * found.steady_from + ["steady"] * (len(times_s) - found.steady_from)
        return start, found.settled

    def table(self, process: int) -> pd.DataFrame:
        """The blocks with the columns `SAMPLE_COLUMNS`."""
        steps = np.array(self.steps, np.int64)
        dispatch_s, fetch_s = np.array(self.times, np.float64).reshape(-1, 2).T
        columns = (process, np.arange(len(steps)), self.parts, steps, steps * self.batch_size, dispatch_s, fetch_s)
        return pd.DataFrame(dict(zip(SAMPLE_COLUMNS, columns, strict=True)))

    def phases(self) -> dict[str, float]:
        """The seconds of the phases that the blocks make."""
        by_part = {
            part: np.array([t for t, p in zip(self.times, self.parts, strict=True) if p == part])
            for part in set(self.parts)
        }
        sums = {part: times.sum(axis=0) for part, times in by_part.items()}
        steady = sums.get("steady", np.zeros(2))
        seconds = {"steady": steady[0], "host_sync": steady[1]}
        seconds |= {
            name: sums[part].sum() for part, name in (("first", "first_step"), ("warm_up", "warm_up")) if part in sums
        }
        return {name: float(value) for name, value in seconds.items()}


def time_row(
    row: Row,
    arm: Arm,
    preparation: Preparation,
    folder: Path,
    scratch: Path,
    size: Size,
    about: Mapping[str, Any],
    on_work: OnWork,
) -> tuple[ProcessRecord, pd.DataFrame]:
    """One fresh process of a row. `about`: the number of the process, its round and its place in it.

    A failure is in the record, with what was timed before it.
    """
    base = ProcessRecord(row=row.name, arm=row.arm, block_steps=size.block_steps, **about)
    blocks, known = Blocks(0), dict[str, Any]()
    try:
        with alone_on(device_of(arm), say_on_stderr) as flag, Worker(arm, folder, scratch) as worker:
            known["device_flag"] = flag
            worker.on_work = on_work
            prepared = preparation.ask(worker, size.block_steps, size.horizon)
            blocks.batch_size = prepared["batch_size"]
            for part, count, steps in (("first", 1, 1), ("steady", size.blocks, size.block_steps)):
                known |= _ask(worker, blocks, part, count, steps)
            start, settled = blocks.find_warm_up()
            if not settled:  # once more as many: it may have needed longer
                known |= _ask(worker, blocks, "steady", size.blocks, size.block_steps)
                start, settled = blocks.find_warm_up()
            known |= {
                "steady_from": start,
                "settled": settled,
                "steady_blocks": blocks.parts.count("steady"),
                "batch_size": blocks.batch_size,
            }
            ending = {"with_epoch": size.with_epoch, "target_accuracy": size.target_accuracy}
            concluded = worker.ask(tasks.TASKS["conclude"], **ending)[0]
        return whole(base, {**known, **concluded}, blocks), blocks.table(base.number)
    except WorkerFailedError as error:
        return failed(base, known, blocks, error.failure)


def _ask(worker: Worker, blocks: Blocks, part: str, count: int, steps: int) -> dict[str, Any]:
    """Times blocks and adds them. Returns what the host did meanwhile, as fields of the record."""
    result, arrays = worker.ask(tasks.TASKS["time"], blocks=count, steps=steps)
    blocks.add(part, steps, arrays)
    host: dict[str, Any] = result["host"]
    return host


def whole(base: ProcessRecord, fields: dict[str, Any], blocks: Blocks) -> ProcessRecord:
    """The record with what the worker says; WorkerFailedError where that is nothing that it can say."""
    seconds = {**blocks.phases(), **fields.pop("phases")}
    seconds["left_over"] = fields["wall_s"] - sum(seconds.values())
    phases = {f"{name}_s": value for name, value in seconds.items()}
    if not np.isfinite(fields.get("test_loss") or 0.0):
        fields["test_loss"] = None
    try:
        return ProcessRecord.model_validate({**base.model_dump(), **fields, "phases": phases})
    except ValidationError as error:
        message = f"it reports what no process can have: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}"
        raise WorkerFailedError(Failure(symptom="protocol", stage="conclude", message=message)) from None


def failed(
    base: ProcessRecord, known: Mapping[str, Any], blocks: Blocks, failure: Failure
) -> tuple[ProcessRecord, pd.DataFrame]:
    phases = Phases.model_validate({f"{name}_s": value for name, value in blocks.phases().items()})
    update = {"failure": failure, "phases": phases}
    of_host = ("timed_s", "cpu_s", "before", "after", "interference", "device_flag")
    host = {key: known[key] for key in of_host if key in known}
    return ProcessRecord.model_validate({**base.model_dump(), **host}).model_copy(update=update), blocks.table(
        base.number
    )
