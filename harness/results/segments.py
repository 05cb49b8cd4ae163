"""The tables of a training that is not at its end: segments, each with the epochs since the one before.

`arms/<arm>/segments/<number>/` holds `steps.parquet` and `epochs.parquet`, as the arm's folder does in the end. Each
segment is made in another folder and moved into place, so that a kill leaves whole segments. What it costs does not
grow with the steps before it. `Store.write_trace` writes the tables of the whole training and removes the segments.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.records.trace import Trace
from harness.results.recorded import EPOCHS, STEPS
from harness.results.store import SEGMENTS, write_frame
from harness.results.tables import epoch_table, step_table
from harness.system.writing import as_disk_failure


class Segments:
    """Appends to the folder of one arm. `scratch`: a folder on the same disk, in which a segment is made."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder, self.scratch = folder / SEGMENTS, scratch
        self._written = self._count = 0

    def append(self, trace: Trace) -> None:
        """Writes the epochs that no segment has yet; CannotWriteError where the disk does not take them."""
        if len(trace.epochs) == self._written:
            return
        made, place = self.scratch / SEGMENTS, self.folder / f"{self._count:06d}"
        try:
            made.mkdir()
            write_frame(made / STEPS, step_table(trace, self._written))
            write_frame(made / EPOCHS, epoch_table(trace.epochs[self._written :]))
            self.folder.mkdir(exist_ok=True)
            made.rename(place)
        except OSError as error:
            shutil.rmtree(made, ignore_errors=True)
            raise (as_disk_failure(error, place) or error) from error
        self._written, self._count = len(trace.epochs), self._count + 1


def segments_in(folder: Path) -> list[Path]:
    """The segments of an arm's folder, in order."""
    return sorted(path for path in (folder / SEGMENTS).glob("*") if path.is_dir())
