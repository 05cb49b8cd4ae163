"""The record of a run in its folder, from which its page is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from harness.judging import confusion
from harness.records import outcome
from harness.records.hosts import Hosts
from harness.records.trace import Trace
from harness.report.folder_record import FolderRecord
from harness.results.claim import claimed_for
from harness.results.files import read_arrays, read_object, read_spec, read_table
from harness.results.marker import MARKER, State
from harness.results.reading import read_run
from harness.results.recorded import ReadingFailure, RecordedArm, RecordedRun
from harness.results.store import CONFUSION, FLIPPED_IMAGES, FLIPS, FREE_RUN_FACTS, FREE_RUNS, HOSTS
from harness.spec.experiment import Experiment
from harness.system.array_files import Arrays


@dataclass(frozen=True)
class RunRecord(FolderRecord):
    """The record of one run. `recorded` holds its inputs and its arms, without their weights and predictions."""

    recorded: RecordedRun

    @classmethod
    def of(cls, folder: Path) -> RunRecord:
        """Reads the run in a folder."""
        return cls(read_run(folder, keeps_arrays=False))

    @property
    def folder(self) -> Path:
        return self.recorded.folder

    @property
    def experiment(self) -> Experiment | None:
        """The experiment of the run; None where it cannot be read."""
        return self.recorded.experiment

    @property
    def plan(self) -> Mapping[str, Any]:
        """What `plan.json` holds; empty where it cannot be read."""
        return self.recorded.plan

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of all runs of the experiment; empty where this is the only run."""
        seeds = self.plan.get("seeds") or ()
        return tuple(seeds) if len(seeds) > 1 else ()

    @property
    def state(self) -> State:
        return self.recorded.state

    @property
    def failures(self) -> list[ReadingFailure]:
        return self.recorded.all_failures

    @cached_property
    def arms(self) -> list[RecordedArm]:
        """The arms, each with the trace of its whole epochs alone."""
        return [replace(arm, trace=arm.trace.of_whole_epochs) for arm in self.recorded.arms.values()]

    @cached_property
    def traces(self) -> list[Trace]:
        """The traces of `arms`."""
        return [arm.trace for arm in self.arms]

    def outcome_in_words(self) -> str:
        return outcome.in_one_line(self.verdicts, self.traces, self.unfinished)

    @cached_property
    def coverage(self) -> str:
        """What of the run was judged and what was not, in words; empty where the experiment cannot be read.

        A complete run has it in its marker.
        """
        if self.experiment is None:
            return ""
        marker = self._read(MARKER, read_object) if self.is_complete and not self.problems else None
        if marker is not None and marker.get("judged"):
            return str(marker["judged"])
        from harness.rungs.coverage import coverage

        trains = claimed_for(self.folder) == "match" or any(trace.epochs for trace in self.traces)
        steps = int(self.plan.get("steps", 0))
        return coverage(self.experiment, steps, self.verdicts, self.traces, trains, self.recorded.cost).in_words

    @cached_property
    def hosts(self) -> Hosts | None:
        """Where the arms of a joined run were recorded; None of any other run, or where that cannot be read."""
        return self._read(HOSTS, lambda path: read_spec(path, Hosts, "hosts"))

    @property
    def flips(self) -> pd.DataFrame | None:
        """A row for each test image that two arms classify differently; None where no flips were recorded."""
        return self._read(FLIPS, lambda path: read_table(path, ()))

    @property
    def flipped_images(self) -> Arrays:
        """The pictures of flipped test images; empty where none were recorded."""
        return self._read(FLIPPED_IMAGES, read_arrays) or {}

    @property
    def confusions(self) -> pd.DataFrame | None:
        """How many test images of each class each arm puts into each class; None where that was not recorded."""
        return self._read(CONFUSION, lambda path: read_table(path, confusion.COLUMNS))

    @property
    def free_runs(self) -> tuple[pd.DataFrame, dict[str, Any]] | None:
        """A table with a row for each step of the free runs, and their facts; None where none were recorded."""
        table = self._read(FREE_RUNS, lambda path: read_table(path, ("step", "reference_float64", "tolerance")))
        facts = self._read(FREE_RUN_FACTS, read_object)
        return None if table is None or facts is None else (table, facts)
