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
from harness.report.where_to_read import MARKDOWN
from harness.results.kinds import KINDS as KINDS
from harness.results.kinds import kind_of as kind_of
from harness.results.sweeps import is_sweep


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


def markdown_page(lang: str) -> str:
    """The name of the page in Markdown. That in English is what runs write."""
    return MARKDOWN if lang == "en" else f"report.{lang}.md"


def pages_of(folder: Path) -> dict[str, str]:
    """The text of every page and file for other tools that is made of the records of a folder, by name."""
    return gate.made(folder) if kind_of(folder) == "gate" else {MARKDOWN: page_of(folder)}
