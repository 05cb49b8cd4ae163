"""Times the control of a round in a process that lives as long as the round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd

from harness.records.failure import Failure, WorkerFailedError
from harness.records.timing import CONTROL, ProcessRecord
from harness.scenarios.bench.process import Blocks, failed, whole
from harness.spec.arm import Arm
from harness.system.progress import OnWork
from harness.worker.process import Worker
from harness.worker.timing.control import TASKS

CONTROL_ARM = Arm(name=CONTROL, adapter="reference", mode="numpy")
REPETITIONS = 20  # of the work, each time that it is asked


class Control:
    """A process of the control, which works when it is asked to and waits beside the rows of a round.

    A failure is in its record, with what was timed before it.
    """

    def __init__(
        self, folder: Path, scratch: Path, threads: Sequence[int], about: Mapping[str, Any], on_work: OnWork
    ) -> None:
        self.folder, self.scratch, self.threads, self.on_work = folder, scratch, list(threads), on_work
        self.base = ProcessRecord(row=CONTROL, arm="", block_steps=1, **about)
        self.blocks, self.host = Blocks(0), dict[str, Any]()
        self.failure: Failure | None = None
        self.stack = ExitStack()

    def __enter__(self) -> Control:
        self.stack.__enter__()
        try:
            self.worker = self.stack.enter_context(Worker(CONTROL_ARM, self.folder, self.scratch))
            self.worker.on_work = self.on_work
        except WorkerFailedError as error:
            self.failure = error.failure
        return self

    def __exit__(self, *raised: Any) -> None:
        self.stack.__exit__(*raised)

    def timed(self) -> tuple[ProcessRecord, pd.DataFrame]:
        """Times the work once more; the record of the process and all its blocks so far."""
        if self.failure is None:
            try:
                return self._once_more()
            except WorkerFailedError as error:
                self.failure = error.failure
        return failed(self.base, self.host, self.blocks, self.failure)

    def _once_more(self) -> tuple[ProcessRecord, pd.DataFrame]:
        result, arrays = self.worker.ask(TASKS["control"], repetitions=REPETITIONS, threads=self.threads)
        self.blocks.add("steady", 1, arrays)
        self.host = _since_the_start(self.host, result["host"])
        return whole(self.base, dict(self.host), self.blocks), self.blocks.table(self.base.number)


def time_control(
    folder: Path, scratch: Path, about: Mapping[str, Any], on_work: OnWork
) -> tuple[ProcessRecord, pd.DataFrame]:
    """A process of the control that works once."""
    with Control(folder, scratch, [], about, on_work) as process:
        return process.timed()


def _since_the_start(before: Mapping[str, Any], host: dict[str, Any]) -> dict[str, Any]:
    """What a process says of the host, over all its stretches of work."""
    if not before:
        return host
    sums = {key: before[key] + host[key] for key in ("timed_s", "cpu_s")}
    return {**host, **sums, "before": before["before"]}
