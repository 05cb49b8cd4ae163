"""A run as its folder has it: what its page is made of, whoever made the run, and whoever listened to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, get_args

import pandas as pd

from harness.records import outcome
from harness.records.outcome import Unfinished, UnfinishedKind
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.claim import claimed_for
from harness.results.files import DAMAGE, UnreadableError, read_arrays, read_object, read_table, read_verdicts
from harness.results.marker import MARKER
from harness.results.reading import read_run
from harness.results.recorded import VERDICTS, RecordedRun
from harness.results.store import FLIPPED_IMAGES, FLIPS, FREE_RUN_FACTS, FREE_RUNS
from harness.rungs.coverage import coverage
from harness.spec.experiment import Experiment
from harness.system.array_files import Arrays

NOT_READ: tuple[type[Exception], ...] = (UnreadableError, *DAMAGE)
UNKNOWN = "it did not come to its end, and left no word of why"
Read = TypeVar("Read")


@dataclass(frozen=True)
class RunRecord:
    """`recorded`: the inputs and the arms. What is missing or damaged is left out, and named in `problems`."""

    recorded: RecordedRun

    @classmethod
    def of(cls, folder: Path) -> RunRecord:
        return cls(read_run(folder))

    @property
    def folder(self) -> Path:
        return self.recorded.folder

    @property
    def experiment(self) -> Experiment | None:
        return self.recorded.experiment

    @property
    def plan(self) -> Mapping[str, Any]:
        """What `plan.json` holds."""
        return self.recorded.plan

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of all runs that are made of the experiment; empty where this is the only one."""
        seeds = self.plan.get("seeds") or ()
        return tuple(seeds) if len(seeds) > 1 else ()

    @property
    def is_complete(self) -> bool:
        return self.recorded.state == "complete"

    @cached_property
    def traces(self) -> list[Trace]:
        return [arm.trace for arm in self.recorded.arms.values()]

    @cached_property
    def verdicts(self) -> list[Verdict]:
        return self._read(VERDICTS, read_verdicts) or []

    @property
    def problems(self) -> list[str]:
        """What of a complete run is not as it was left."""
        arms = self.recorded.arms.values()
        failures = [*self.recorded.failures, *(failure for arm in arms for failure in arm.failures)]
        return [str(failure) for failure in failures] if self.is_complete else []

    @cached_property
    def unfinished(self) -> Unfinished | None:
        """Why the run did not come to its end; None where it did."""
        if self.recorded.state != "unfinished":
            return None
        said = next((v for v in self.verdicts if v.rung == "run" and v.subject in get_args(UnfinishedKind)), None)
        if said is None:
            return Unfinished("internal", UNKNOWN)
        kind: UnfinishedKind = said.subject  # type: ignore[assignment]
        return Unfinished(kind, said.cause)

    @cached_property
    def sentence(self) -> str:
        """The outcome in one line; what has changed since the run was complete agrees on nothing."""
        if self.problems:
            more = f"; and {len(self.problems) - 1} more" if len(self.problems) > 1 else ""
            return f"UNVERIFIED: {self.problems[0]}{more}"
        said = self._read(MARKER, read_object) if self.is_complete else None
        return str(said["sentence"]) if said else outcome.in_one_line(self.verdicts, self.traces, self.unfinished)

    @cached_property
    def coverage(self) -> str:
        """What of the run was judged and what was not, in words; empty where the experiment cannot be read."""
        if self.experiment is None:
            return ""
        trains = claimed_for(self.folder) == "match" or any(trace.epochs for trace in self.traces)
        steps = int(self.plan.get("steps", 0))
        return coverage(self.experiment, steps, self.verdicts, self.traces, trains).in_words

    @property
    def flips(self) -> pd.DataFrame | None:
        """Test images that two arms see differently; None where they were not looked for."""
        return self._read(FLIPS, lambda path: read_table(path, ()))

    @property
    def flipped_images(self) -> Arrays:
        return self._read(FLIPPED_IMAGES, read_arrays) or {}

    @property
    def free_runs(self) -> tuple[pd.DataFrame, dict[str, Any]] | None:
        """A row for each step of the free runs, and what bounds them; None where there were none."""
        table = self._read(FREE_RUNS, lambda path: read_table(path, ("step", "reference_float64", "tolerance")))
        facts = self._read(FREE_RUN_FACTS, read_object)
        return None if table is None or facts is None else (table, facts)

    def _read(self, name: str, parse: Callable[[Path], Read]) -> Read | None:
        """None where there is no such file, or where it cannot be read, which is among the problems then."""
        path = self.folder / name
        try:
            return parse(path) if path.is_file() else None
        except NOT_READ:
            return None
