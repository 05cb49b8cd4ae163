"""In the process that holds a framework: whether what a realisation names is there, and which words have builders."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from functools import reduce
from importlib import import_module
from typing import Any

import adapters
from adapters.setting import Entry, Setting, Way, resolve
from harness.report.vocabulary_table import PRECISIONS
from harness.spec.base import Word
from harness.spec.schedules import Schedule
from harness.spec.vocabulary import BASES, specimens


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
    """The names of all spec classes that the adapter has a function for, in every setting.

    AttributeError where a row of a table names a function that the file beside it does not have.
    """
    import_module(f"{adapters.__name__}.{framework}.adapter")
    prefix = f"{adapters.__name__}.{framework}."
    modules = [m for n, m in list(sys.modules.items()) if n.startswith(prefix) and ".realisations" not in n]
    tables = [t for module in modules for t in vars(module).values() if isinstance(t, Mapping)]
    in_tables = {key.__qualname__ for table in tables for key in table if isinstance(key, type)}
    return in_tables | {type(word).__qualname__ for word in _words() if _has_makers(framework, word)}


def _words() -> list[Word]:
    return [word for family in BASES for word in specimens(family)]


def _has_makers(framework: str, word: Word) -> bool:
    """Whether a function makes the word in every setting in which the framework's own is used or composed."""
    info = adapters.info(framework)
    settings = [
        Setting(framework, mode, "cpu", precision, False, "auto") for mode in info.modes for precision in PRECISIONS
    ]
    return all(_maker_is_there(framework, info.entries[type(word)], word, setting) for setting in settings)


def _maker_is_there(framework: str, entry: Entry, word: Word, setting: Setting) -> bool:
    if isinstance(word, Schedule):
        native_class = import_module(f"{adapters.__name__}.{framework}.realisations.schedules").native_class
        offer = native_class(word, setting)
        return isinstance(offer, str) or callable(offer.make.function)  # by the table where there is no class
    choice = resolve(entry, word, setting)
    return isinstance(choice, Way) and callable(choice.make.function)
