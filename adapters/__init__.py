"""Adapters turn specs into one framework's own objects; `load(arm)` returns the adapter that an arm names.

Third parties add theirs through the entry-point group `twinrun.adapters`: a module with `INFO`, an
`adapters.info.AdapterInfo`, which can be read without importing the framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from adapters.info import AdapterError, AdapterInfo
from adapters.protocol import Adapter
from adapters.setting import Realisation, Setting, look_up
from harness import ADAPTERS
from harness.records.failure import in_one_line
from harness.spec.arm import Arm
from harness.spec.base import Word

SHIPPED = ("mindspore", "reference", "tensorflow")


def names() -> tuple[str, ...]:
    """Every adapter that is installed, whether or not its framework is."""
    return tuple(sorted({*SHIPPED, *_points()}))


def info(name: str) -> AdapterInfo:
    """What is known of an adapter. KeyError where there is no such adapter, AdapterError where it cannot be used."""
    point = None if name in SHIPPED else _points()[name]
    try:
        # Those that ship are found also in a checkout that is not installed.
        module: Any = import_module(f"adapters.{name}") if point is None else point.load()
        found = module.INFO
    except AdapterError as error:
        raise AdapterError(f"adapter {name}: {error}") from error
    except Exception as error:  # whatever a third party's module raises
        raise AdapterError(f"adapter {name} cannot be loaded: {in_one_line(error)}") from error
    if not isinstance(found, AdapterInfo):
        raise AdapterError(f"adapter {name}: INFO is {type(found).__name__}, and must be an AdapterInfo")
    return found


def usable() -> dict[str, AdapterInfo]:
    """All adapters of which is known what there is to know, by name."""
    found: dict[str, AdapterInfo] = {}
    for name in names():
        try:
            found[name] = info(name)
        except AdapterError:
            continue
    return found


def frameworks() -> tuple[str, ...]:
    """The usable adapters that are judged, and do not judge."""
    return tuple(name for name, each in usable().items() if not each.is_oracle)


def modes(name: str) -> tuple[str, ...]:
    """The execution modes that an adapter knows."""
    return info(name).modes


def realisation(word: Word, setting: Setting) -> Realisation:
    """How the setting's adapter makes a word; known without its framework."""
    return look_up(info(setting.adapter).entries, word, setting)


def load(arm: Arm) -> Adapter:
    """The adapter of an arm, its framework imported and set up in this process."""
    adapter = info(arm.adapter).create(arm)
    assert isinstance(adapter, Adapter)
    return adapter


@cache
def _points() -> Mapping[str, EntryPoint]:
    """Looked for once: it reads what every installed package says of itself."""
    return {point.name: point for point in entry_points(group=ADAPTERS)}
