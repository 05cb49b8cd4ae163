"""In the process that holds a framework: whether what a realisation names is there, and which words have builders."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from functools import reduce
from importlib import import_module
from typing import Any

import adapters


def missing(framework: str, names: Sequence[tuple[str, str]]) -> list[str]:
    """Of the (family, name) given, the names that are no attributes of the framework."""
    return [name for family, name in names if not _is_there(framework, family, name)]


def _is_there(framework: str, family: str, name: str) -> bool:
    dotted = re.match(r"[A-Za-z_][\w.]*", name)
    assert dotted is not None
    root, *rest = dotted[0].split(".")
    if framework == "mindspore":
        where = "mindspore.common.initializer" if family == "initializer" and not rest else "mindspore"
        parts = [root, *rest]
    else:
        where, parts = {"tf": "tensorflow"}.get(root, root), rest
    try:
        reduce(getattr, parts, _imported(where, parts))
    except (AttributeError, ModuleNotFoundError):
        return False
    return True


def _imported(where: str, parts: list[str]) -> Any:
    module = import_module(where)
    for count in range(len(parts) - 1, 0, -1):  # a submodule may not have been imported by its parent
        try:
            import_module(".".join([where, *parts[:count]]))
        except ImportError:
            continue
        break
    return module


def builders(framework: str) -> set[str]:
    """The names of all spec classes that a table of the adapter has, its declared realisations apart."""
    import_module(f"{adapters.__name__}.{framework}.adapter")
    prefix = f"{adapters.__name__}.{framework}."
    modules = [m for n, m in list(sys.modules.items()) if n.startswith(prefix) and ".realisations" not in n]
    tables = [t for module in modules for t in vars(module).values() if isinstance(t, Mapping)]
    return {key.__qualname__ for table in tables for key in table if isinstance(key, type)}
