"""The record of a study in its folder, with its runs, from which its page is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from harness.judging import flips
from harness.records import exit_codes, outcome
from harness.records.outcome import Unfinished
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.report.folder_record import UNKNOWN, PlacedRecord
from harness.report.run_record import RunRecord
from harness.results.files import UnreadableError, read_arrays, read_object, read_table
from harness.results.reading import runs_below, state_problems
from harness.results.recorded import ReadingFailure
from harness.results.store import FLIPPED_IMAGES, FLIPS
from harness.rungs import convergence
from harness.scenarios.study import SCHEMA_VERSION, SPREAD_COLUMNS, STUDY, in_one_sentence
from harness.system.array_files import Arrays

CONVERGENCE_COLUMNS = ("variant", "arm_a", "arm_b", "pairs", "p_above", "p_below")
FLIP_COLUMNS = ("variant", "seed", *flips.COLUMNS)


@dataclass(frozen=True)
class StudyRecord(PlacedRecord):
    """The record of one study. Where it was made before `study.json` was written, its runs are sorted by folder."""

    @cached_property
    def failures(self) -> list[ReadingFailure]:
        """The failures of the study's own files, then those of its runs."""
        reasons = dict(state_problems(self.place, self.state, "study"))
        for run in self.runs:
            for failure in run.failures:
                reasons.setdefault(f"{self._place_of(run)}/{failure.file}", failure.message)
        return [ReadingFailure(place, reason) for place, reason in reasons.items()]

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The `name` and the folders of the `runs`, in order, of `study.json`; empty where it cannot be read."""
        return self._read(STUDY, _read_study) or {}

    @cached_property
    def runs(self) -> list[RunRecord]:
        """The runs of all variants and seeds."""
        places = self.facts.get("runs") or list(runs_below(self.place))
        return [RunRecord.of(self.place / place) for place in places]

    @property
    def name(self) -> str:
        """The name of the study's experiment, or of its folder where that cannot be read."""
        names = (run.experiment.name for run in self.runs if run.experiment)
        return str(self.facts.get("name") or next(names, self.place.name))

    def variant_of(self, run: RunRecord) -> str:
        """The variant of a run, empty where the experiment has none; the run's folder where it cannot be read."""
        return run.experiment.variant or "" if run.experiment else self._place_of(run)

    def seed_of(self, run: RunRecord) -> str:
        """The seed of a run; empty where it cannot be read."""
        return str(run.experiment.seed) if run.experiment else ""

    @property
    def several_seeds(self) -> bool:
        """Whether some variant has more than one run."""
        variants = [self.variant_of(run) for run in self.runs]
        return len(set(variants)) < len(variants)

    @property
    def over_seeds(self) -> list[Verdict]:
        """The verdicts on whether two arms of a variant end equally well."""
        return [verdict for verdict in self.verdicts if verdict.rung == convergence.NAME]

    @cached_property
    def convergence(self) -> pd.DataFrame:
        """The statistics behind `over_seeds`: a row for each of these verdicts."""
        return self._table("convergence.parquet", CONVERGENCE_COLUMNS)

    @cached_property
    def spread(self) -> pd.DataFrame:
        """How many test images flip between any two runs that are compared, with `SPREAD_COLUMNS`."""
        return self._table("spread.parquet", SPREAD_COLUMNS)

    @cached_property
    def flips(self) -> pd.DataFrame:
        """A row for each flipped test image, with `FLIP_COLUMNS`."""
        return self._table(FLIPS, FLIP_COLUMNS)

    @property
    def flipped_images(self) -> Arrays:
        """The pictures of flipped test images; empty where none were recorded."""
        return self._read(FLIPPED_IMAGES, read_arrays) or {}

    @cached_property
    def unfinished(self) -> Unfinished | None:
        """Why the study was not finished, as recorded by one of its runs; None where it is not `unfinished`."""
        if self.state != "unfinished":
            return None
        reasons = [run.unfinished for run in self.runs if run.unfinished and run.unfinished.reason != UNKNOWN]
        return reasons[0] if reasons else Unfinished("internal", UNKNOWN)

    @property
    def exit_code(self) -> int:
        """The exit code of the study; `UNVERIFIED` where files are damaged."""
        if self.problems:
            return exit_codes.UNVERIFIED
        return outcome.exit_code(*self._verdicts_and_traces, self.unfinished)

    def outcome_in_words(self) -> str:
        return in_one_sentence(self.name, len(self.runs), *self._verdicts_and_traces, self.unfinished)

    @property
    def _verdicts_and_traces(self) -> tuple[list[Verdict], list[Trace]]:
        """The verdicts of all runs, then those between them, and all traces."""
        verdicts = [*(verdict for run in self.runs for verdict in run.verdicts), *self.verdicts]
        return verdicts, [trace for run in self.runs for trace in run.traces]

    def _place_of(self, run: RunRecord) -> str:
        return run.folder.relative_to(self.place).as_posix()

    def _table(self, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
        """A recorded table; it has no row where it cannot be read."""
        table = self._read(name, lambda path: read_table(path, columns))
        return pd.DataFrame(columns=list(columns)) if table is None else table


def _read_study(path: Path) -> dict[str, Any]:
    """Reads `study.json`; UnreadableError where it has another form, or names a run outside the study."""
    record = read_object(path)
    places = record.get("runs")
    if record.get("schema_version") != SCHEMA_VERSION or not isinstance(record.get("name"), str):
        raise UnreadableError("is no study that this version of twinrun reads")
    if not isinstance(places, list) or not all(isinstance(place, str) and _is_below(place) for place in places):
        raise UnreadableError("names runs that are not below the study")
    return record


def _is_below(place: str) -> bool:
    path = Path(place)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts
