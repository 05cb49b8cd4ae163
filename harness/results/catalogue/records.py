"""Reads the small records of a folder, each once and against its digest; what is wrong is kept as text."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from harness.results.marker import MARKER, State, read_marker, state_of, unfit
from harness.results.objects import DAMAGE, UnreadableError, parse_object
from harness.results.parquet import opened, table_of

Read = TypeVar("Read")
MOST_WORDS = 200


class Records:
    """The records of one folder. `problems`: the files that are damaged, each with the reason."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state: State = state_of(folder)
        self.problems: list[str] = []
        self.marker: Mapping[str, Any] = {}
        if self.state == "complete":
            content, problems = read_marker(folder)
            self.marker = content or {}
            self.problems += [f"{MARKER} {problem}" for problem in problems]

    def object(self, place: str) -> dict[str, Any]:
        """The JSON object at a place; empty where it is missing or damaged."""
        return self._read(place, parse_object) or {}

    def table(self, place: str, columns: list[str]) -> pa.Table | None:
        """These columns of a Parquet table, as far as it has them; None where it is missing or damaged."""

        def parse(content: bytes) -> pa.Table:
            file = opened(content)
            return table_of(file, [name for name in columns if name in file.schema_arrow.names])

        return self._read(place, parse)

    def _read(self, place: str, parse: Callable[[bytes], Read]) -> Read | None:
        path, digest = self.folder / place, self.marker.get("records", {}).get(place)
        if problem := unfit(path):
            if digest is not None or problem != "is missing":
                self.problems.append(f"{place} {problem}")
            return None
        try:
            content = path.read_bytes()
            parsed = parse(content)
        except UnreadableError as error:
            self.problems.append(f"{place} {error}")
        except DAMAGE as error:
            why = " ".join(str(error).split())[:MOST_WORDS]
            self.problems.append(f"{place} cannot be read ({type(error).__name__}: {why}); is it cut off or damaged?")
        else:
            if digest is None or hashlib.sha256(content).hexdigest() == digest:
                return parsed
            self.problems.append(f"{place} is not what it was when the run was complete: its digest is another")
        return None


def text(value: object) -> str:
    """The value where it is text that a record can hold, else nothing."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """The value where it is a whole number of 64 bits; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63 else None


def real(value: object) -> float | None:
    """The value where it is a finite number; None for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects in a list; none where the value is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
