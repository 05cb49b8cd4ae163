"""The space of a search: its dimensions, and the jobs at its corners, which are validated before the first trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from harness.composition.mistakes import UserMistake
from harness.composition.sweep.grid import Combination, is_raw, parsed, values_of
from harness.system.text import printable

MOST_CORNERS = 64
WITHIN = 0.381966  # a share of an interval that is no whole number of it


@dataclass(frozen=True)
class Dimension:
    """One swept key: an interval (`low`, `high`; `is_whole` for whole numbers, `is_log` by a tag), or choices."""

    key: str
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    is_whole: bool = False
    is_log: bool = False

    @property
    def ends(self) -> tuple[str, ...]:
        """The values that are validated: every choice, or both ends of an interval and a value within it."""
        within = self.low + WITHIN * (self.high - self.low)
        return self.choices or (self.text(self.low), self.text(self.high), self.text(within))

    def text(self, value: Any) -> str:
        """A value as it is typed."""
        return str(round(value)) if self.is_whole else str(value) if isinstance(value, str) else repr(float(value))


@dataclass(frozen=True)
class Space:
    """The dimensions of a search, and the overrides that are the same in every trial."""

    dimensions: tuple[Dimension, ...]
    fixed: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dimension.key for dimension in self.dimensions)

    def at(self, values: Mapping[str, str]) -> Combination:
        """The job with these values of the keys, as typed."""
        return Combination((*self.fixed, *(f"{key}={value}" for key, value in values.items())), dict(values))

    def corners(self) -> list[Combination]:
        """The jobs at the ends of every dimension; in a large space each dimension is at its ends alone."""
        ends = [dimension.ends for dimension in self.dimensions]
        combined = list(product(*ends)) if _count(ends) <= MOST_CORNERS else _one_by_one(ends)
        return [self.at(dict(zip(self.keys, values, strict=True))) for values in combined]


def space_of(typed: Sequence[str], options: Mapping[str, Sequence[str]], verb: str) -> Space:
    """The space that the overrides describe. Raises UserMistake where none is swept, or a sweep has no end."""
    dimensions, fixed, mistakes = list[Dimension](), list[str](), list[str]()
    for text in typed:
        override = None if is_raw(text, verb) else parsed(text, options)
        if override is None or not override.is_sweep_override():
            fixed.append(text)
        elif override.is_interval_sweep():
            interval: Any = override.value()
            low, high = interval.start, interval.end
            if not (low < high):
                mistakes.append(f"{printable(text)}: the interval is empty; write interval(LOW,HIGH)")
                continue
            is_whole = isinstance(low, int) and isinstance(high, int)
            is_log = "log" in interval.tags
            if is_log and low <= 0:
                mistakes.append(f"{printable(text)}: a logarithmic interval begins above 0")
            dimensions.append(Dimension(override.get_key_element(), (), low, high, is_whole, is_log))
        else:
            try:
                dimensions.append(Dimension(override.get_key_element(), tuple(values_of(override))))
            except UserMistake as mistake:
                mistakes += mistake.mistakes
    if not dimensions and not mistakes:
        mistakes.append("a search has no space: give a key as interval(LOW,HIGH), tag(log, interval(LOW,HIGH)) or A,B")
    if mistakes:
        raise UserMistake(mistakes)
    return Space(tuple(dimensions), tuple(fixed))


def _count(ends: Sequence[Sequence[str]]) -> int:
    count = 1
    for values in ends:
        count *= len(values)
    return count


def _one_by_one(ends: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    first = [values[0] for values in ends]
    return [
        tuple(value if place == number else usual for place, usual in enumerate(first))
        for number, values in enumerate(ends)
        for value in values
    ]
