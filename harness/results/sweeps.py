"""The record of a sweep: a key, its values, and for each value a bench in a folder below."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from harness.results.files import read_spec
from harness.results.kinds import SWEEP as SWEEP
from harness.results.store import write_text
from harness.spec.base import Spec


class SweepRecord(Spec):
    """`values`: as they were typed, in order. The bench of the n-th is in the folder `place_of(n)`."""

    schema_version: Literal[1] = 1
    key: str
    values: tuple[str, ...]


def place_of(number: int) -> str:
    """The folder of the bench of one value, below that of the sweep."""
    return f"{number:02d}"


def write_sweep(folder: Path, record: SweepRecord) -> None:
    """Writes the record into the folder of the sweep."""
    write_text(folder / SWEEP, record.model_dump_json(indent=2) + "\n")


def read_sweep(folder: Path) -> SweepRecord:
    """The record; UnreadableError, or one of `harness.results.files.DAMAGE`, where it is damaged."""
    return read_spec(folder / SWEEP, SweepRecord, "sweep")


def is_sweep(folder: Path) -> bool:
    """Whether the folder is of a sweep."""
    return (folder / SWEEP).exists()
