"""What `verify` prints: a row for each file, and a line for each thing that does not follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.report.html.writing import PAGE, HtmlPage
from harness.report.language import CODES, in_language, language_of
from harness.report.pages import kind_of, markdown_page
from harness.report.pages import pages_of as texts_of
from harness.report.tables import COLOURS, console, draw, line
from harness.report.where_to_read import MARKDOWN
from harness.scenarios.verify.check import Check, text_differences
from harness.scenarios.verify.whole import Page

__all__ = ["kind_of", "pages_of", "sentence", "show"]

HEAD = ["file", "follows from", "answer", "problems"]
COLOURED: Mapping[str, str] = {**COLOURS, "follows": "green", "differs": "bold red", "damaged": "bold red"}
GRAVEST = ("differs", "damaged", "unverified", "follows")
WORDS = {"differs": "DIFFERS", "damaged": "UNVERIFIED", "unverified": "UNVERIFIED", "follows": "VERIFIED"}


def pages_of(folder: Path) -> dict[str, str | Page]:
    """The pages that are made of the records of a folder, by name."""
    texts = texts_of(folder)
    translated = {markdown_page(code): Translated(texts[MARKDOWN], code) for code in CODES if code != "en"}
    return {**texts, **translated, PAGE: HtmlPage(folder)}


@dataclass(frozen=True)
class Translated:
    """`report.md` in another language. `english`: the page that it is made of."""

    english: str
    language: str

    def differences(self, folder: Path) -> Iterator[str]:
        """A clause on the first line of the page in `folder` that differs."""
        recorded = (folder / markdown_page(self.language)).read_text(encoding="utf-8")
        yield from text_differences(recorded, in_language(self.english, language_of(self.language)))


def show(folder: Path, checks: Sequence[Check]) -> None:
    """Prints the checks of a folder."""
    screen = console()
    draw(screen, "", HEAD, _rows(checks), colours=COLOURED)
    for check in checks:
        if check.answer != "follows":
            screen.print(
                line((check.answer, COLOURED[check.answer]), f" {check.file}: {check.problem}"), soft_wrap=True
            )
    is_verified = all(check.answer == "follows" for check in checks)
    screen.print(line((sentence(folder, checks), "green" if is_verified else "bold red")), soft_wrap=True)


def _rows(checks: Sequence[Check]) -> list[list[str]]:
    """A row for each file and source, with the gravest of its answers."""
    grouped: dict[tuple[str, str], list[Check]] = {}
    for check in checks:
        grouped.setdefault((check.file, check.source), []).append(check)
    return [
        [file, source, min((check.answer for check in found), key=GRAVEST.index), _count(found)]
        for (file, source), found in grouped.items()
    ]


def _count(checks: Sequence[Check]) -> str:
    return str(sum(check.answer != "follows" for check in checks) or "")


def sentence(folder: Path, checks: Sequence[Check]) -> str:
    """The outcome in one line."""
    gravest = min(checks, key=lambda check: GRAVEST.index(check.answer))
    word = WORDS[gravest.answer]
    if gravest.answer == "follows":
        return f"{word}: {len({check.file for check in checks})} files of {folder} follow from its records"
    more = sum(check.answer != "follows" for check in checks) - 1
    return f"{word}: {gravest.file}: {gravest.problem}{f'; and {more} more' if more else ''}"
