"""Reads a JSON object from a file, and names the exceptions of damaged files. Loads no table library."""

from __future__ import annotations

import json
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa

# The exceptions that the readers of JSON, Parquet and npz raise for damaged bytes.
DAMAGE: tuple[type[Exception], ...] = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, EOFError),
    *(MemoryError, SyntaxError, zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError, pa.ArrowException),
)
MOST_NESTED = 32


class UnreadableError(Exception):
    """A file does not have the format of its record; the message says why."""


# What any reader of a record may raise.
NOT_READ: tuple[type[Exception], ...] = (UnreadableError, *DAMAGE)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises UnreadableError, or one of `DAMAGE`, where it holds anything else."""
    return parse_object(path.read_text(encoding="utf-8"))


def parse_object(text: str | bytes) -> dict[str, Any]:
    """The JSON object in a text; as `read_object`."""
    content = json.loads(text)
    if not isinstance(content, dict):
        raise UnreadableError("must hold a JSON object")
    level: list[Any] = [content]
    for _ in range(MOST_NESTED):
        level = [below for node in level for below in _below(node)]
    if level:
        raise UnreadableError(f"is nested deeper than {MOST_NESTED} levels")
    return content


def _below(plain: Any) -> list[Any]:
    if isinstance(plain, dict):
        return list(plain.values())
    return plain if isinstance(plain, list) else []
