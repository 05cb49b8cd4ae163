"""The record of a scaling in its folder, with its benches, from which its page is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.report.bench_record import BenchRecord
from harness.report.folder_record import UNKNOWN, PlacedRecord
from harness.results.files import NOT_READ
from harness.results.marker import damages
from harness.results.recorded import ReadingFailure
from harness.results.scalings import SCALING, ScalingRecord, place_of, read_scaling
from harness.subjects.bench.summary import RowSummary

Rows = Mapping[str, Sequence[RowSummary | None]]  # by row, its summary at each value


@dataclass(frozen=True)
class ScalingFolder(PlacedRecord):
    """The record of one scaling."""

    @cached_property
    def failures(self) -> list[ReadingFailure]:
        """The failures of the scaling's own files, then those of its benches."""
        reasons = dict(damages(self.place)) if self.is_complete else {}
        try:
            read_scaling(self.place)
        except NOT_READ as error:
            reasons.setdefault(SCALING, f"cannot be read ({type(error).__name__}); is it cut off or damaged?")
        for number, bench in enumerate(self.benches):
            for failure in bench.failures:
                reasons.setdefault(f"{place_of(number)}/{failure.file}", failure.message)
        return [ReadingFailure(place, reason) for place, reason in reasons.items()]

    @cached_property
    def swept(self) -> ScalingRecord | None:
        """The key and its values; None where they cannot be read."""
        return self._read(SCALING, lambda path: read_scaling(path.parent))

    @cached_property
    def benches(self) -> list[BenchRecord]:
        """The benches in the order of the values, those that were not begun too."""
        values = self.swept.values if self.swept else ()
        return [BenchRecord.of(self.place / place_of(number)) for number in range(len(values))]

    @cached_property
    def rows(self) -> Rows:
        """The summaries of every row."""
        names = dict.fromkeys(row.row.name for bench in self.benches for row in bench.rows)
        by_bench = [{row.row.name: row for row in bench.rows} for bench in self.benches]
        return {name: [rows.get(name) for rows in by_bench] for name in names}

    @property
    def name(self) -> str:
        """What was swept; the name of the folder where that cannot be read."""
        return f"{self.swept.key}, swept" if self.swept else self.place.name

    def outcome_in_words(self) -> str:
        return f"UNFINISHED: {self.unfinished.reason if self.unfinished else UNKNOWN}"
