"""Prints what `twinrun words` shows: how each adapter makes every word. No framework is imported for it."""

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
    """The settings of the table: device, policy and modes. Without a mode a framework's first one counts."""

    device: DeviceName = "cpu"
    realisation: Policy = "native"
    modes: tuple[str, ...] = ()

    def mode(self, adapter: str) -> str:
        """The mode in which this adapter is shown."""
        available = adapters.modes(adapter)
        return next((mode for mode in self.modes if mode in available), available[0])

    def setting(self, adapter: str, precision: Precision) -> Setting:
        """The setting of one column."""
        exact = self.realisation == "exact" or precision == "float64"
        return Setting(adapter, self.mode(adapter), self.device, precision, exact, "auto")

    @property
    def columns(self) -> list[tuple[str, Precision]]:
        """Each framework in each precision."""
        return list(product(adapters.frameworks(), PRECISIONS))

    def realisations(self, word: Word) -> list[Realisation]:
        """How the word is made in each of `columns`."""
        return [adapters.realisation(word, self.setting(*column)) for column in self.columns]

    @property
    def note(self) -> str:
        """The sentence below the table: its settings, and whether they are tested."""
        modes = ", ".join(f"{name} in {self.mode(name)} mode" for name in adapters.frameworks())
        settings = f"{modes}, {self.realisation} realisation, {self.device}"
        if self.device == "cpu":
            return f"{settings}. The parity suite runs every word in this table against the float64 reference."
        return f"{settings}. As declared by the adapters: not run on this device."


def label(word: Word, words: Sequence[Word]) -> str:
    """The word's name in tables. Where others of `words` share it, the fields that differ between them follow."""
    namesakes = [other for other in words if other.name_in_tables == word.name_in_tables]
    if len(namesakes) == 1:
        return word.name_in_tables
    differing = [name for name, value in word if any(getattr(other, name, None) != value for other in namesakes)]
    return " ".join([word.name_in_tables, *(f"{name}={_as_text(getattr(word, name))}" for name in differing)])


def _as_text(value: Any) -> Any:
    return value.name_in_tables if isinstance(value, Word) else value


def labelled_specimens(family: str) -> list[tuple[str, Word]]:
    """The specimens of a family, each with its label."""
    words = specimens(family)
    return [(label(word, words), word) for word in words]


def table(families: Sequence[str], view: View, with_reasons: bool = False) -> tuple[list[str], list[list[str]]]:
    """The head and the rows: a row for each specimen, a column for each framework and precision."""
    head = ["family", "word", *(f"{framework} {precision}" for framework, precision in view.columns)]
    rows = [
        [family, name, *(_cell(realisation, with_reasons) for realisation in view.realisations(word))]
        for family in families
        for name, word in labelled_specimens(family)
    ]
    return head, rows


def _cell(realisation: Realisation, with_reasons: bool) -> str:
    if not with_reasons:
        return realisation.kind
    reason = f" ({realisation.reason})" if realisation.reason else ""
    return ": ".join(filter(None, [realisation.kind, realisation.by])) + reason


def counts(families: Sequence[str], view: View) -> tuple[list[str], list[list[str]]]:
    """The head and the rows: for each framework and precision, the number of specimens by kind of realisation."""
    kinds: dict[tuple[str, str], Counter[str]] = {column: Counter() for column in view.columns}
    for realisations in _all_realisations(families, view):
        for column, realisation in zip(view.columns, realisations, strict=True):
            kinds[column][realisation.kind] += 1
    rows = [
        [framework, precision, *(str(kinds[framework, precision][kind]) for kind in KINDS)]
        for framework, precision in view.columns
    ]
    return ["framework", "precision", *KINDS], rows


def _all_realisations(families: Sequence[str], view: View) -> Iterator[list[Realisation]]:
    for family in families:
        for word in specimens(family):
            yield view.realisations(word)


def show(family: str | None, view: View, with_reasons: bool) -> int:
    """Prints the table and the counts, of one family or of all. Returns the exit code 0."""
    from harness.report.tables import console, draw

    families = [family] if family else list(BASES)
    screen = console()
    head, rows = table(families, view, with_reasons)
    draw(screen, "How each word is made", head, rows, prose=head[2:] if with_reasons else ())
    screen.print(view.note, soft_wrap=True)
    screen.print()
    draw(screen, "Counts", *counts(families, view))
    return 0
