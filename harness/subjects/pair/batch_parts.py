"""The x and y of all batches: one array, or several in a tuple or a mapping, and their names in a file.

In a file, the only array of x is `x`; those of a tuple are `x/0`, `x/1`; those of a mapping `x/users`, `x/items`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.user_data import Parts, mapped, parts_of
from harness.records.array_types import Array
from harness.system.array_files import Arrays


@dataclass(frozen=True)
class Steps:
    """The x, or the y, of all batches. Each array is (steps, batch, ...)."""

    parts: Parts

    def __getitem__(self, step: int) -> Any:
        """The x, or the y, of one batch."""
        return mapped(lambda values: values[step], self.parts)

    def __len__(self) -> int:
        return len(next(iter(self.named.values())))

    def __iter__(self) -> Iterator[Any]:
        return (self[step] for step in range(len(self)))

    @property
    def named(self) -> dict[str, Array]:
        """The arrays by name; an only one has an empty name."""
        return parts_of(self.parts)

    @property
    def batch_size(self) -> int:
        return int(next(iter(self.named.values())).shape[1])


def flattened(name: str, parts: Parts) -> Arrays:
    """The arrays by their names in a file."""
    return {f"{name}/{part}" if part else name: values for part, values in parts_of(parts).items()}


def gathered(name: str, arrays: Mapping[str, Array]) -> Parts | None:
    """The x or the y among the arrays of a file; None if it holds none."""
    if name in arrays:
        return arrays[name]
    parts = {key.removeprefix(f"{name}/"): values for key, values in arrays.items() if key.startswith(f"{name}/")}
    if parts and all(key.isdigit() for key in parts):
        return tuple(values for _, values in sorted(parts.items(), key=lambda part: int(part[0])))
    return parts or None
