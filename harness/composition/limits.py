"""Limits of a config: its depth, its number of values, its text and its whole numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.composition.fields import dotted
from harness.composition.mistakes import Mistake
from harness.system.files import text_fault
from harness.system.text import printable

DEPTH = 32
NODES = 30_000
OMEGACONF_NODES = 3_000  # values that OmegaConf handles, at half a millisecond each
OVERRIDE = 20_000  # characters
OVERRIDES = 500
CHARACTERS = 100_000  # in all overrides
JSON_FILE = 16 << 20  # bytes
YAML_FILE = 1 << 20
LARGEST_WHOLE = 2**63 - 1
_MOST_REPORTED = 20


def misfits(tree: Any, above: tuple[str, ...] = ()) -> list[Mistake]:
    """The mistakes in a tree of mappings and lists at the path `above`: the values that no config may have."""
    faults = list[Mistake]()
    for count, (path, fault) in enumerate(_walked(tree, above)):
        if count >= NODES:
            return [Mistake(above, f"{_at(above)}more than {NODES:,} values, the most that a config may have")]
        if fault is not None and len(faults) < _MOST_REPORTED:
            faults.append(Mistake(path, f"{_at(path)}{fault}"))
    return faults


def _walked(tree: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """The path of each value and its fault, or None. Values below one that is nested too deeply are left out."""
    pending: list[tuple[tuple[str, ...], Any]] = [(above, tree)]
    while pending:
        path, node = pending.pop()
        is_mapping = isinstance(node, Mapping)
        if not is_mapping and not isinstance(node, list | tuple):
            yield path, _scalar_fault(node)
        elif len(path) >= DEPTH and node:
            yield path, f"nested more than {DEPTH} levels deep"
        else:
            yield path, None
            for key, value in node.items() if is_mapping else enumerate(node):
                if is_mapping and (fault := _key_fault(key)):
                    yield path, fault
                else:
                    pending.append(((*path, str(key)), value))


def _key_fault(key: Any) -> str | None:
    """Why a mapping may not have this key; None if it may."""
    if not isinstance(key, str):
        return f"the key {key!r:.80} is not text; put it in quotes"
    fault = text_fault(key)
    return f"the key {key[:80]!r} cannot be recorded: {fault}" if fault else None


def _scalar_fault(value: Any) -> str | None:
    """Why a config may not have this value; None if it may."""
    if isinstance(value, str):
        fault = text_fault(value)
        return f"given {value[:80]!r}, which cannot be recorded: {fault}" if fault else None
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        # The number itself is not shown: Python does not convert thousands of digits to text.
        return f"given a whole number of {value.bit_length()} bits; allowed: -{LARGEST_WHOLE} to {LARGEST_WHOLE}"
    if value is None or isinstance(value, int | float):
        return None
    return f"given a {type(value).__name__}, which no config holds; put it in quotes if it is text"


def _at(path: tuple[str, ...]) -> str:
    shown = printable(dotted(path[:8]))[:200]
    return f"{shown}{'...' if len(path) > 8 else ''}: " if path else ""
