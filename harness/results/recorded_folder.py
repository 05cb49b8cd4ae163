"""The folder of a run as a user names it, and a view of it that has no pages."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.results.baselines import BASELINE
from harness.results.claim import CLAIM
from harness.results.marker import MARKER
from harness.system.files import FileError, given_path

MARKS = (MARKER, CLAIM, BASELINE, "experiment.json", "pair.json", "study.json")
BESIDE = (".md", ".png", ".xml", ".html", ".css", ".js")  # what is no record: pages and their pictures


def recorded_folder(text: str) -> Path:
    """The folder that `text` names; FileError, with a whole sentence, where twinrun has recorded nothing there."""
    try:
        folder = given_path(text)
    except FileError as error:
        raise FileError(f"{text}: {error}") from None
    if not folder.is_dir():
        raise FileError(f"{folder}: there is no such folder")
    if not any((folder / mark).exists() for mark in MARKS):
        raise FileError(f"{folder}: twinrun has recorded nothing there; it has none of {', '.join(MARKS)}")
    return folder


@contextmanager
def without_pages(folder: Path) -> Iterator[Path]:
    """A folder of the same name, with links to all that is there but pages: pictures are drawn beside the text."""
    with tempfile.TemporaryDirectory(prefix="twinrun-pages-") as above:
        bare = Path(above) / (folder.resolve().name or "folder")
        bare.mkdir()
        for path in folder.iterdir():
            if path.suffix not in BESIDE:
                (bare / path.name).symlink_to(path.resolve())
        yield bare
