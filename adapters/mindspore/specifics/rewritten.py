"""Cells that `auto_mixed_precision` O1 has rewritten: each has a generated class, with casts in its `construct`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import mindspore
from mindspore.train import amp

FOLDER = "rewritten_network"  # into which MindSpore writes the generated classes
PACKAGE = Path(mindspore.__file__).parent
CASTS = {"mindspore.float16": "float16", "mindspore.bfloat16": "bfloat16"}


def class_of(cell: Any) -> type[Any]:
    """The class of a Cell as the user named it.

    From the second rewriting in a process on, generated classes derive from copies of MindSpore's own: their module
    puts the folder `mindspore/nn/layer` on the path and imports `basic` from it. The original is given.
    """
    return _original(next(each for each in type(cell).__mro__ if not _is_generated(each)))


def is_a(cell: Any, kind: Any) -> bool:
    """Whether a Cell is of a class or of one of several, however often it was rewritten."""
    return isinstance(cell, kind) or issubclass(class_of(cell), kind)


def is_framework_layer(cell: Any) -> bool:
    """Whether the class of a Cell, as the user named it, is MindSpore's own."""
    return class_of(cell).__module__.startswith("mindspore.")


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
    file = _file_of(cls)
    return file is not None and file.parent.name == FOLDER


def _original(cls: type[Any]) -> type[Any]:
    file = _file_of(cls)
    if file is None or cls.__module__.startswith("mindspore.") or not file.is_relative_to(PACKAGE):
        return cls
    module = import_module(".".join(("mindspore", *file.relative_to(PACKAGE).with_suffix("").parts)))
    return getattr(module, cls.__name__, cls)


def _file_of(cls: type[Any]) -> Path | None:
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return Path(file) if file else None
