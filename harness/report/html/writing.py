"""Writes a page and what stands beside it, and checks one that was written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.report.html.document import Document
from harness.report.html.pages import document_of
from harness.report.html.rendering import PICTURE_FOLDER, Variant, render
from harness.report.language import CODES, language_of
from harness.results.marker import state_of
from harness.results.store import write_text
from harness.system.writing import whole

PAGE = "report.html"
# What a run leaves at its end: `markdown` for report.md alone, anything else for the page as well.
SETTING, WITHOUT = "TWINRUN_REPORT", "markdown"
VARIANTS: tuple[Variant, ...] = ("inline", "strict")


@dataclass(frozen=True)
class HtmlPage:
    """The page of the records in a folder, as `verify` compares it: in the language and variant it was written in."""

    records: Path

    def differences(self, folder: Path) -> Iterator[str]:
        """A clause on each of the first differences of the page in `folder`."""
        from harness.report.html.reading import differences, page_facts

        recorded = (folder / PAGE).read_text(encoding="utf-8", errors="surrogateescape")
        facts = page_facts(recorded)
        language, variant = facts.get("language", ""), facts.get("variant", "")
        if language not in CODES or variant not in VARIANTS:
            yield f"is no page of twinrun: its language is {language!r}, and its variant {variant!r}"
            return
        expected = render(document_of(self.records), language_of(language), variant, draws=False)
        yield from differences(recorded, expected.html, folder)


def write_html_at_end(folder: Path) -> None:
    """Writes the page at the end of a run that is complete, unless the environment says not to.

    A run that was cut off has none: it ends at once, and `twinrun report` makes its page.
    """
    if os.environ.get(SETTING) != WITHOUT and state_of(folder) == "complete":
        write_page(document_of(folder), folder)


def write_page(document: Document, folder: Path, language: str = "en", variant: Variant = "inline") -> None:
    """Writes `report.html` and, where the variant has them, its files, into a folder that exists."""
    rendered = render(document, language_of(language), variant)
    shutil.rmtree(folder / PICTURE_FOLDER, ignore_errors=True)  # of an earlier page
    for place, content in rendered.files.items():
        (folder / place).parent.mkdir(exist_ok=True)
        with whole(folder / place) as partial:
            partial.write_bytes(content)
    write_text(folder / PAGE, rendered.html)
