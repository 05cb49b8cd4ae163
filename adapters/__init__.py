"""Adapters turn specs into one framework's own objects; `load(arm)` gives the one an arm names.

Third parties add theirs through the entry-point group `twinrun.adapters`: a module with `MODES`, `DISTRIBUTION`,
`ENTRIES` (how each word is made) and `create(arm)`, which imports its framework in `create` and not before.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType

from adapters.protocol import Adapter
from adapters.setting import Realisation, Setting, look_up
from harness.spec.arm import Arm
from harness.spec.base import Word

ENTRY_POINTS = "twinrun.adapters"
SHIPPED = ("mindspore", "reference", "tensorflow")


def names() -> tuple[str, ...]:
    """Every adapter that is installed, whether or not its framework is."""
    return tuple(sorted({*SHIPPED, *(point.name for point in entry_points(group=ENTRY_POINTS))}))


def module(name: str) -> ModuleType:
    """The adapter's package, its framework not yet imported. KeyError where there is no such adapter."""
    if name in SHIPPED:  # also from a checkout that is not installed
        return import_module(f"adapters.{name}")
    points = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    loaded = points[name].load()
    assert isinstance(loaded, ModuleType), f"{ENTRY_POINTS}: {name} must name a module"
    return loaded


def modes(name: str) -> tuple[str, ...]:
    """The execution modes that an adapter knows."""
    return tuple(module(name).MODES)


def realisation(word: Word, setting: Setting) -> Realisation:
    """How the setting's adapter makes a word; known without its framework."""
    return look_up(module(setting.adapter).ENTRIES, word, setting)


def load(arm: Arm) -> Adapter:
    """The adapter of an arm, its framework imported and set up in this process."""
    adapter = module(arm.adapter).create(arm)
    assert isinstance(adapter, Adapter)
    return adapter
