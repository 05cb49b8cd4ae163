"""The section of a page that lists the records it is made of, with their digests, and how to check the page."""

from __future__ import annotations

from pathlib import Path

from harness.report.html.blocks import Prose, TableBlock
from harness.report.html.document import Section, section
from harness.results.files import NOT_READ, read_object
from harness.results.marker import MARKER

CHECKED = "twinrun verify, with the folder of this page, says whether what the page says follows from these records."
UNFINISHED = "The folder has no complete.json: what is recorded there may not be all."
TITLE = "Records"


def records_section(folder: Path) -> Section:
    """The digests of the raw records, as the marker has them."""
    rows = digests(folder)
    table = TableBlock.of("Digests of the records", (["file", "SHA-256"], rows), kinds={"SHA-256": "name"})
    return section(TITLE, Prose((CHECKED if rows else UNFINISHED,)), table, folded=True)


def digests(folder: Path) -> list[list[str]]:
    """(file, SHA-256) of every record and of the marker of every run below; empty without a marker."""
    try:
        marker = read_object(folder / MARKER)
        runs = {f"{place}/{MARKER}": digest for place, digest in dict(marker.get("runs", {})).items()}
        return [[str(place), str(digest)] for place, digest in {**dict(marker["records"]), **runs}.items()]
    except NOT_READ:
        return []
