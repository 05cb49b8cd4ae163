"""Checks that no number of a spec becomes infinite or 0 in the precision of an arm."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from harness.spec.arm import Arm
from harness.spec.base import Spec, Word

_BOUNDS = {"float32": "1.4e-45 to 3.4e+38", "float64": "4.9e-324 to 1.8e+308"}


def unrepresentable(arms_with_specs: Iterable[tuple[Arm, Spec]]) -> list[str]:
    """A sentence for each number of the words that an arm's precision cannot hold, with the names of those arms.

    `arms_with_specs`: each arm with its spec, an experiment or a pair.
    """
    arms_by_fault: dict[str, list[str]] = {}
    for arm, spec in arms_with_specs:
        for path, value in _floats(spec):
            if not _fits(value, arm.variable_dtype):
                fault = f"{path}: given {value!r}, which {arm.variable_dtype} cannot hold; allowed in size: 0"
                arms_by_fault.setdefault(f"{fault} or {_BOUNDS[arm.variable_dtype]}", []).append(arm.name)
    return [f"{fault} (arm {', '.join(arms)})" for fault, arms in arms_by_fault.items()]


def _floats(node: Any, path: str = "", in_a_word: bool = False) -> Iterator[tuple[str, float]]:
    """The dotted path and value of each number in a word; sizes of a training and limits of an arm are left out."""
    if isinstance(node, BaseModel):
        inside = in_a_word or isinstance(node, Word)
        for name, value in node:
            yield from _floats(value, f"{path}.{name}" if path else name, inside)
    elif isinstance(node, tuple):
        for number, value in enumerate(node):
            yield from _floats(value, f"{path}.{number}", in_a_word)
    elif in_a_word and type(node) is float:
        yield path, node


def _fits(value: float, precision: str) -> bool:
    if precision == "float64":
        return True  # the numbers of a spec are finite and float64
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return False
    return rounded != 0 or value == 0
