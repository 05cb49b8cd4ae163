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

from adapters.info import AdapterError, AdapterInfo, Arrangement
from adapters.protocol import Adapter
from adapters.setting import Realisation, Setting, look_up, native
from harness import ADAPTERS
from harness.records.failure import in_one_line
from harness.spec.arm import Arm
from harness.spec.base import Word
from harness.spec.own import OWN

SHIPPED = ("mindspore", "reference", "tensorflow")


def names() -> tuple[str, ...]:
    """The names of all installed adapters, sorted, whether or not their frameworks are installed."""
    return tuple(sorted({*SHIPPED, *_entry_points()}))


def info(name: str) -> AdapterInfo:
    """The `AdapterInfo` of an adapter. KeyError where there is no such adapter, AdapterError where it is not usable."""
    entry_point = None if name in SHIPPED else _entry_points()[name]
    try:
        # The shipped adapters are imported by name, so that a checkout that is not installed finds them too.
        module: Any = import_module(f"adapters.{name}") if entry_point is None else entry_point.load()
        adapter_info = module.INFO
    except AdapterError as error:
        raise AdapterError(f"adapter {name}: {error}") from error
    except Exception as error:  # whatever a third party's module raises
        raise AdapterError(f"adapter {name} cannot be loaded: {in_one_line(error)}") from error
    if not isinstance(adapter_info, AdapterInfo):
        raise AdapterError(f"adapter {name}: INFO is {type(adapter_info).__name__}, and must be an AdapterInfo")
    return adapter_info


def usable() -> dict[str, AdapterInfo]:
    """The `AdapterInfo` of every adapter that can be loaded and has a valid one, by name."""
    infos: dict[str, AdapterInfo] = {}
    for name in names():
        try:
            infos[name] = info(name)
        except AdapterError:
            continue
    return infos


def frameworks() -> tuple[str, ...]:
    """The names of the usable adapters that are judged, which excludes the oracle."""
    return tuple(name for name, adapter_info in usable().items() if not adapter_info.is_oracle)


def modes(name: str) -> tuple[str, ...]:
    """The execution modes that an adapter knows."""
    return info(name).modes


def arrangements(name: str) -> Mapping[str, Arrangement]:
    """The arrangements that an adapter states, by name; empty where there is no such adapter or it is not usable."""
    adapter_info = usable().get(name)
    return {} if adapter_info is None else adapter_info.arrangements


def realisation(word: Word, setting: Setting) -> Realisation:
    """How the setting's adapter makes a word. This is known without importing the framework."""
    if isinstance(word, OWN):
        return native(word.name_in_tables)
    return look_up(info(setting.adapter).entries, word, setting)


def load(arm: Arm) -> Adapter:
    """The adapter of an arm. This imports its framework and sets it up in this process."""
    adapter = info(arm.adapter).create(arm)
    assert isinstance(adapter, Adapter)
    return adapter


@cache
def _entry_points() -> Mapping[str, EntryPoint]:
    """The entry points of third-party adapters, by name. Cached, because it reads the metadata of every package."""
    return {entry_point.name: entry_point for entry_point in entry_points(group=ADAPTERS)}
