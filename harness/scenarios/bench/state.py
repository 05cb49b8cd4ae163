"""The state of a bench, and its listener. What is recorded is written after every process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Protocol

import pandas as pd

from harness.data import Dataset
from harness.plan import Plan
from harness.records.failure import Failure
from harness.records.outcome import Unfinished
from harness.records.timing import CONTROL, SAMPLE_COLUMNS, Bench, Estimate, ProcessRecord, Row, base_name
from harness.results.timings import Timings, write_timings
from harness.scenarios.bench.process import Preparation
from harness.spec.arm import Arm
from harness.spec.experiment import Experiment
from harness.subjects.bench import outcome
from harness.subjects.bench.summary import RowSummary
from harness.subjects.pair.composing import ComposedPair
from harness.system.progress import Work
from harness.worker.timing.tasks import TASKS

NO_SAMPLES = pd.DataFrame(columns=list(SAMPLE_COLUMNS))


class BenchListener(Protocol):
    """Receives the progress of a bench; `harness.report.screen.bench` prints it."""

    def bench(self, experiment: Experiment, plan: Plan, data: Dataset, rows: Sequence[Row]) -> None:
        """The bench begins."""

    def pair(self, composed: ComposedPair, rows: Sequence[Row]) -> None:
        """The same, of a user's own pair of models."""

    def credited(self, rows: Sequence[Row]) -> None:
        """Where parity holds is known."""

    def estimated(self, bench: Bench) -> None:
        """What it will cost, and what it can tell, before its first round."""

    def timed(self, process: ProcessRecord, step_s: float) -> None:
        """A process was timed, or failed. `step_s`: its median; NaN without one."""

    def round(self, number: int, rows: Sequence[RowSummary]) -> None:
        """A round has ended."""

    def stage(self, name: str) -> None: ...

    def work(self, work: Work) -> None: ...

    def close(self) -> None: ...

    def end(self, folder: Path, exit_code: int, sentence: str, is_brief: bool = False) -> None: ...


@dataclass
class ActiveBench:
    """A bench that runs. `began_s`: a time of `time.monotonic`, from which its budget counts. `plan_steps`: of the
    whole training; 0 where it has no end."""

    arms: tuple[Arm, ...]
    folder: Path
    listener: BenchListener
    record: Bench
    plan_steps: int = 0
    began_s: float = 0.0
    processes: list[ProcessRecord] = field(default_factory=list)
    samples: pd.DataFrame = field(default_factory=lambda: NO_SAMPLES)
    unfinished: Unfinished | None = None

    @property
    def scratch(self) -> Path:
        """The folder of the files that are shared with the workers; it is removed at the end."""
        return self.folder / ".scratch"

    @property
    def timings(self) -> Timings:
        """What was timed so far."""
        return Timings(self.record, tuple(self.processes), self.samples)

    @property
    def exit_code(self) -> int:
        """That of the gravest row, or of why it is not finished."""
        return outcome.exit_code(self.timings, self.unfinished)

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        return outcome.in_one_line(self.timings, self.unfinished)

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.record.rows

    def arm_of(self, row: Row) -> Arm:
        """The arm that a row times; a base is run by the interpreter of the base."""
        arm = next(arm for arm in self.arms if arm.name == row.arm)
        return self.record.base.running(arm) if row.base_of and self.record.base is not None else arm

    def arm_folder(self, row: Row) -> Path:
        """The folder in which the processes of a row run."""
        folder = self.folder / "arms" / (base_name(row.arm) if row.base_of else row.arm)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def control_folder(self) -> Path:
        """The folder in which the processes of the control run."""
        folder = self.folder / CONTROL
        folder.mkdir(exist_ok=True)
        return folder

    def preparation(self, row: Row) -> Preparation:
        """How a process of the row is made ready."""
        raise NotImplementedError

    def has_failed(self, row: Row) -> bool:
        """Whether a process of the row has failed, after which it is not timed again; nor are a head and its base
        once one of the two has failed, because nothing is left to hold the other against."""
        pair = next(({head.name, base.name} for head, base in self.record.pairs if row in (head, base)), {row.name})
        return any(process.row in pair and process.failure for process in self.processes)

    def update(self, **fields: object) -> None:
        """Replaces fields of the record, and writes it."""
        elapsed_s = time.monotonic() - self.began_s if self.began_s else 0.0
        self.record = self.record.model_copy(update={"elapsed_s": elapsed_s, **fields})
        write_timings(self.folder, self.timings)

    def add_failure(self, row: Row, failure: Failure) -> None:
        """Records that a row failed before it was timed, as its first process."""
        number = len(self.processes)
        about = {"number": number, "round": 0, "place": number, "row": row.name, "arm": row.arm}
        self.add(ProcessRecord.model_validate({**about, "failure": failure}), self.samples[:0])

    def add(self, process: ProcessRecord, samples: pd.DataFrame) -> None:
        """Records a process with its blocks, and reports it."""
        self.processes.append(process)
        if len(samples):
            self.samples = pd.concat([self.samples, samples], ignore_index=True) if len(self.samples) else samples
        self.update()
        self.listener.timed(process, self.timings.median_step_s(process.number))

    def replace(self, process: ProcessRecord, samples: pd.DataFrame) -> None:
        """Records anew a process that went on, with all its blocks; if it has failed since, reports it."""
        failed = process.failure is not None and self.processes[process.number].failure is None
        self.processes[process.number] = process
        others = self.samples[self.samples["process"].ne(process.number)]
        self.samples = pd.concat([others, samples], ignore_index=True)
        self.update()
        if failed:
            self.listener.timed(process, self.timings.median_step_s(process.number))

    def estimate(self, estimate: Estimate) -> None:
        """Records and reports the estimate."""
        self.update(estimate=estimate)
        self.listener.estimated(self.record)


@dataclass
class ExperimentBench(ActiveBench):
    """A bench of the arms of an experiment."""

    _: KW_ONLY
    experiment: Experiment
    plan: Plan
    data: Dataset

    def preparation(self, row: Row) -> Preparation:
        return Preparation(TASKS["prepare"], {"loop": row.loop})
