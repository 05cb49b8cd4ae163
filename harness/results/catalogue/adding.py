"""Adds a folder to the catalogue of its results folder, when it has become complete."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from harness.results.catalogue.roots import CATALOGUE


def make_room(results: Path) -> None:
    """Creates the folder of the index, so that runs that become complete add themselves. Does nothing on an error."""
    with suppress(OSError):
        (results / CATALOGUE).mkdir(parents=True, exist_ok=True)


def add(folder: Path) -> None:
    """Adds the rows of a folder that lies in a results folder with an index, directly or below an experiment's.

    Nothing depends on it: a reader of the catalogue finds a folder that is not in the index. So a disk that takes no
    more is no error of the run, whose records are complete. Folders further below belong to a study, which adds them.
    """
    absolute = folder.absolute()
    for results in (absolute.parent, absolute.parent.parent):
        if (results / CATALOGUE).is_dir():
            from harness.results.catalogue.files import write_entry
            from harness.results.catalogue.roots import stamp_of
            from harness.results.catalogue.rows import rows_of

            with suppress(OSError):
                rows = rows_of(absolute, absolute.relative_to(results).as_posix(), stamp_of(absolute) or "")
                write_entry(results / CATALOGUE, rows)
            return
