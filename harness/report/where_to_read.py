"""The last lines of a command: where its results are, and which page to open."""

from __future__ import annotations

from pathlib import Path

HTML, MARKDOWN = "report.html", "report.md"


def where_to_read(folder: Path) -> list[str]:
    """A line with the folder, and one with its page where it has one."""
    page = folder / HTML
    return [f"results: {folder}", *([f"report: {page}"] if page.is_file() else [])]
