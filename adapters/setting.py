"""How a word is made depends on the word and on this: one arm's choices, known before its framework is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, overload

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


Make = Callable[..., Any]


@dataclass(frozen=True)
class Way:
    """One way to make a word: how, as it is recorded, and the function that does it (`adapters.making`)."""

    realisation: Realisation
    make: Make


Choice = Realisation | Way
Entry = Choice | Callable[[Any, Setting], Choice]
Entries = Mapping[type[Any], Entry]


@overload
def native(by: str) -> Realisation: ...
@overload
def native(by: str, make: Make) -> Way: ...
def native(by: str, make: Make | None = None) -> Choice:
    return _with(Realisation("native", by), make)


@overload
def composed(by: str, reason: str) -> Realisation: ...
@overload
def composed(by: str, reason: str, make: Make) -> Way: ...
def composed(by: str, reason: str, make: Make | None = None) -> Choice:
    return _with(Realisation("composed", by, reason), make)


def custom(by: str, reason: str) -> Realisation:
    return Realisation("custom", by, reason)


def unsupported(reason: str) -> Realisation:
    return Realisation("unsupported", "", reason)


def by_precision(in_float32: Entry, in_float64: Entry) -> Entry:
    """One entry for each precision of an arm."""
    return lambda word, setting: chosen(in_float64 if setting.precision == "float64" else in_float32, word, setting)


def chosen(entry: Entry, word: Any, setting: Setting) -> Choice:
    """What an entry says of the word in this setting."""
    return entry(word, setting) if callable(entry) else entry


def look_up(entries: Entries, word: Word, setting: Setting) -> Realisation:
    """How the word is made in this setting, by the adapter's entries; `unsupported` where there is none."""
    entry = entries.get(type(word))
    if entry is None:
        return unsupported(f"the {setting.adapter} adapter has no {word.family} {word.word()}")
    choice = chosen(entry, word, setting)
    return choice.realisation if isinstance(choice, Way) else choice


def unless_exact(entry: Entry) -> Entry:
    """The canonical rule where the policy is exact, else what the entry says."""
    return lambda word, setting: EXACT if setting.exact else chosen(entry, word, setting)


def canonical(reason: str) -> Realisation:
    """The canonical rule where the framework's own optimizer is not the spec."""
    return custom(EXACT.by, reason)


def _with(realisation: Realisation, make: Make | None) -> Choice:
    return realisation if make is None else Way(realisation, make)


EXACT = Realisation("custom", "canonical rule from primitives")
