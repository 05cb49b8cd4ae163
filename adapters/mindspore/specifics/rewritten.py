"""Cells that `auto_mixed_precision` O1 has rewritten: each has a generated class, with casts in its `construct`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mindspore.train import amp

FOLDER = "rewritten_network"  # into which MindSpore writes the generated classes
CASTS = {"mindspore.float16": "float16", "mindspore.bfloat16": "bfloat16"}


def class_of(cell: Any) -> type[Any]:
    """The class of a Cell as the user named it."""
    return next(each for each in type(cell).__mro__ if not _is_generated(each))


def cast_to(cell: Any) -> str:
    """`float16` or `bfloat16` if the generated class casts to it; else empty."""
    if not _is_generated(type(cell)):
        return ""
    source = inspect.getsource(type(cell))
    return next((precision for text, precision in CASTS.items() if text in source), "")


@contextmanager
def not_rewritten() -> Iterator[None]:
    """Context in which `auto_mixed_precision` O1 leaves a network as it is."""
    rewrite = amp._auto_mixed_precision_rewrite
    amp._auto_mixed_precision_rewrite = lambda network, *given, **named: network
    try:
        yield
    finally:
        amp._auto_mixed_precision_rewrite = rewrite


def _is_generated(cls: type[Any]) -> bool:
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return file is not None and Path(file).parent.name == FOLDER
