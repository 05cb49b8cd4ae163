"""`twinrun words`: how each adapter makes every word, known without any framework."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import adapters
from adapters.setting import Kind, Realisation, Setting
from harness.spec.arm import DeviceName, Policy, Precision
from harness.spec.base import Word
from harness.spec.vocabulary import BASES, specimens

PRECISIONS: tuple[Precision, ...] = ("float32", "float64")
KINDS: tuple[Kind, ...] = ("native", "composed", "custom", "unsupported")
DEVICES: tuple[DeviceName, ...] = ("cpu", "gpu", "ascend")


@dataclass(frozen=True)
class View:
    """What the table is about: the arms' device, policy and modes. A framework's own first mode where none is given."""

    device: DeviceName = "cpu"
    realisation: Policy = "native"
    modes: tuple[str, ...] = ()

    def mode(self, adapter: str) -> str:
        known = adapters.modes(adapter)
        return next((mode for mode in self.modes if mode in known), known[0])

    def setting(self, adapter: str, precision: Precision) -> Setting:
        exact = self.realisation == "exact" or precision == "float64"
        return Setting(adapter, self.mode(adapter), self.device, precision, exact, "auto")

    @property
    def columns(self) -> list[tuple[str, Precision]]:
        return list(product(adapters.frameworks(), PRECISIONS))

    def made(self, word: Word) -> list[Realisation]:
        """How each column makes the word."""
        return [adapters.realisation(word, self.setting(*column)) for column in self.columns]

    @property
    def note(self) -> str:
        modes = ", ".join(f"{name} in {self.mode(name)} mode" for name in adapters.frameworks())
        how = f"{modes}, {self.realisation} realisation, {self.device}"
        if self.device == "cpu":
            return f"{how}. The parity suite runs every word in this table against the float64 reference."
        return f"{how}. As declared by the adapters: not run on this device."


def label(word: Word, among: Sequence[Word]) -> str:
    """The word's name in tables, and where another specimen has the same one, the fields that tell them apart."""
    alike = [other for other in among if other.name_in_tables == word.name_in_tables]
    if len(alike) == 1:
        return word.name_in_tables
    apart = [name for name, value in word if any(getattr(other, name, None) != value for other in alike)]
    return " ".join([word.name_in_tables, *(f"{name}={_plain(getattr(word, name))}" for name in apart)])


def _plain(value: Any) -> Any:
    return value.name_in_tables if isinstance(value, Word) else value


def labelled(family: str) -> list[tuple[str, Word]]:
    words = specimens(family)
    return [(label(word, words), word) for word in words]


def table(families: Sequence[str], view: View, by: bool = False) -> tuple[list[str], list[list[str]]]:
    """One row a specimen, one column an adapter and precision."""
    head = ["family", "word", *(f"{framework} {precision}" for framework, precision in view.columns)]
    rows = [
        [family, name, *(_cell(made, by) for made in view.made(word))]
        for family in families
        for name, word in labelled(family)
    ]
    return head, rows


def _cell(made: Realisation, by: bool) -> str:
    if not by:
        return made.kind
    return ": ".join(filter(None, [made.kind, made.by])) + (f" ({made.reason})" if made.reason else "")


def counts(families: Sequence[str], view: View) -> tuple[list[str], list[list[str]]]:
    """How many specimens are made how, by adapter and precision."""
    found: dict[tuple[str, str], Counter[str]] = {column: Counter() for column in view.columns}
    for made in _everything(families, view):
        for column, each in zip(view.columns, made, strict=True):
            found[column][each.kind] += 1
    rows = [
        [framework, precision, *(str(found[framework, precision][kind]) for kind in KINDS)]
        for framework, precision in view.columns
    ]
    return ["framework", "precision", *KINDS], rows


def _everything(families: Sequence[str], view: View) -> Iterator[list[Realisation]]:
    for family in families:
        for word in specimens(family):
            yield view.made(word)


def show(family: str | None, view: View, by: bool) -> int:
    """Prints the table, then the counts."""
    from harness.report.tables import console, draw

    families = [family] if family else list(BASES)
    on = console()
    head, rows = table(families, view, by)
    draw(on, "How each word is made", head, rows, prose=head[2:] if by else ())
    on.print(view.note, soft_wrap=True)
    on.print()
    draw(on, "Counts", *counts(families, view))
    return 0
