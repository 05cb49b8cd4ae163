"""The text of `report.md` for any folder that twinrun writes, made from the folder alone."""

from __future__ import annotations

from pathlib import Path

from harness.report import bench, comparison, gate, markdown, pair, study, sweep
from harness.report.bench_record import BenchRecord
from harness.report.comparison_record import ComparisonRecord
from harness.report.gate_record import GateRecord
from harness.report.language import in_language, language_of
from harness.report.pair_record import PairRecord
from harness.report.run_record import RunRecord
from harness.report.study_record import StudyRecord
from harness.results.claim import claimed_for
from harness.results.files import NOT_READ, read_object
from harness.results.marker import MARKER
from harness.results.reading import is_run, runs_below
from harness.results.sweeps import is_sweep
from harness.results.timings import is_bench
from harness.subjects.pair.records import is_pair
from harness.subjects.recorded.facts import COMPARISON


def page_of(folder: Path, lang: str = "en") -> str:
    """The page of whatever the folder is, one of `KINDS`. Its pictures are written into the folder.

    `lang`: the code of its language; UserMistake for one that there is not.
    """
    language = language_of(lang)
    return in_language(_english_page_of(folder), language)


def _english_page_of(folder: Path) -> str:
    kind = kind_of(folder)
    if kind == "pair":
        return pair.report(PairRecord.of(folder))
    if kind == "comparison":
        return comparison.report(ComparisonRecord.of(folder))
    if kind == "bench":
        return sweep.report(folder) if is_sweep(folder) else bench.report(BenchRecord.of(folder))
    if kind == "gate":
        return gate.report(GateRecord.of(folder))
    if kind == "study":
        return study.report(StudyRecord.of(folder))
    return markdown.report(RunRecord.of(folder))


def pages_of(folder: Path) -> dict[str, str]:
    """The text of every page and file for other tools that is made of the records of a folder, by name."""
    return gate.made(folder) if kind_of(folder) == "gate" else {"report.md": page_of(folder)}


def kind_of(folder: Path) -> str:
    """One of `KINDS`, read from the folder's marker or, where that cannot be read, derived from the files there."""
    try:
        kind = str(read_object(folder / MARKER)["kind"])
    except NOT_READ:
        kind = ""
    if kind in KINDS:
        return kind
    if is_pair(folder) and claimed_for(folder) != "bench":
        return "pair"
    if (folder / COMPARISON).exists() or claimed_for(folder) == "compare":
        return "comparison"
    if is_bench(folder) or is_sweep(folder) or claimed_for(folder) == "bench":
        return "bench"
    if claimed_for(folder) == "gate":
        return "gate"
    return "run" if is_run(folder) or not runs_below(folder) else "study"


KINDS = ("run", "study", "pair", "comparison", "bench", "gate")
