"""The text of `report.md` for any folder that twinrun writes, made from the folder alone."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from harness.report.folder_record import FolderRecord
from harness.report.language import in_language, language_of
from harness.report.records import record_of
from harness.report.where_to_read import MARKDOWN
from harness.results.kinds import KINDS as KINDS
from harness.results.kinds import kind_of as kind_of


def page_of(folder: Path, lang: str = "en") -> str:
    """The page of whatever the folder is, one of `KINDS`. Its pictures are written into the folder.

    `lang`: the code of its language; UserMistake for one that there is not.
    """
    return page_of_record(record_of(folder), lang)


def page_of_record(record: FolderRecord, lang: str = "en") -> str:
    """The same of a record that has been read."""
    return in_language(_english_page_of(record), language_of(lang))


def _english_page_of(record: FolderRecord) -> str:
    """Only the modules of the record's kind are imported, each of which has a large part of twinrun behind it."""
    name = MODULES[type(record).__name__]
    report: Callable[[FolderRecord], str] = import_module(f"harness.report.{name}").report
    return report(record)


MODULES = {
    "RunRecord": "markdown",
    "StudyRecord": "study",
    "PairRecord": "pair",
    "ComparisonRecord": "comparison",
    "BenchRecord": "bench",
    "GateRecord": "gate",
    "ScalingFolder": "scaling",
    "SweepRecord": "sweep",
}


def markdown_page(lang: str) -> str:
    """The name of the page in Markdown. That in English is what runs write."""
    return MARKDOWN if lang == "en" else f"report.{lang}.md"


def pages_of(folder: Path) -> dict[str, str]:
    """The text of every page and file for other tools that is made of the records of a folder, by name."""
    if kind_of(folder) == "gate":
        from harness.report import gate

        return gate.made(folder)
    return {MARKDOWN: page_of(folder)}
