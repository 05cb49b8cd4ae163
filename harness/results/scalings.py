"""The record of a scaling: a key, its values, and for each value a bench in a folder below."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from harness.results.files import read_spec
from harness.results.kinds import SCALING as SCALING
from harness.results.store import write_text
from harness.spec.base import Spec


class ScalingRecord(Spec):
    """`values`: as they were typed, in order. The bench of the n-th is in the folder `place_of(n)`."""

    schema_version: Literal[1] = 1
    key: str
    values: tuple[str, ...]


def place_of(number: int) -> str:
    """The folder of the bench of one value, below that of the scaling."""
    return f"{number:02d}"


def write_scaling(folder: Path, record: ScalingRecord) -> None:
    """Writes the record into the folder of the scaling."""
    write_text(folder / SCALING, record.model_dump_json(indent=2) + "\n")


def read_scaling(folder: Path) -> ScalingRecord:
    """The record; UnreadableError, or one of `harness.results.files.DAMAGE`, where it is damaged."""
    return read_spec(folder / SCALING, ScalingRecord, "scaling")


def is_scaling(folder: Path) -> bool:
    """Whether the folder is of a scaling."""
    return (folder / SCALING).exists()
