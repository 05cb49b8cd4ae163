"""How a word is made depends on the word and on this: one arm's choices, known before its framework is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.spec.arm import Arm, DeviceName, Layout, Precision
from harness.spec.base import Word

Kind = Literal["native", "composed", "custom", "unsupported"]


@dataclass(frozen=True)
class Realisation:
    """How an adapter made a spec, and out of what.

    `native`: the framework's own class as it is. `composed`: native pieces and a stated transformation. `custom`:
    written by the adapter from primitive operations. `unsupported`: not made; `reason` says why.
    """

    kind: Kind
    by: str
    reason: str = ""


@dataclass(frozen=True)
class Setting:
    """What an arm says of how words are made. `device = auto` counts as the CPU until the framework has been asked."""

    adapter: str
    mode: str
    device: DeviceName
    precision: Precision
    exact: bool
    layout: Layout

    @classmethod
    def of(cls, arm: Arm, device: DeviceName | None = None) -> Setting:
        # Both frameworks keep their rate (and Keras its betas, and most of MindSpore's optimizers their weights) in
        # float32: among float64 weights only the canonical rules are exact.
        exact = arm.realisation == "exact" or arm.precision == "float64"
        where = device or ("cpu" if arm.device == "auto" else arm.device)
        return cls(arm.adapter, arm.mode, where, arm.precision, exact, arm.layout)


Entry = Realisation | Callable[[Any, Setting], Realisation]
Entries = Mapping[type[Any], Entry]


def native(by: str) -> Realisation:
    return Realisation("native", by)


def composed(by: str, reason: str) -> Realisation:
    return Realisation("composed", by, reason)


def custom(by: str, reason: str) -> Realisation:
    return Realisation("custom", by, reason)


def unsupported(reason: str) -> Realisation:
    return Realisation("unsupported", "", reason)


def look_up(entries: Entries, word: Word, setting: Setting) -> Realisation:
    """How the word is made in this setting, by the adapter's entries; `unsupported` where there is none."""
    entry = entries.get(type(word))
    if entry is None:
        return unsupported(f"the {setting.adapter} adapter has no {word.family} {word.word()}")
    return entry if isinstance(entry, Realisation) else entry(word, setting)


EXACT = Realisation("custom", "canonical rule from primitives")
