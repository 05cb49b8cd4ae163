"""Which call made which tensor on one side, and which tensors both sides have."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.subjects.pair.calls import Calls, distance, same_numbers

Tensor = NDArray[Any]


def key_of(tensor: Tensor) -> str:
    """A digest of shape and values: two calls of one side that have it in common pass the same tensor on.

    A tensor that is cast to a wider type on its way keeps its key.
    """
    values = np.ascontiguousarray(tensor, np.float64)
    return hashlib.sha1(str(tensor.shape).encode() + values.tobytes(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Flow:
    """The tensors of one side. `numbers`: the calls that are looked at, in order.

    The last one is that of the whole, the model or a layer of the user's own, and ends all paths.
    """

    calls: Calls
    numbers: Sequence[int]

    @property
    def end(self) -> int:
        return self.numbers[-1]

    def consumed(self, number: int) -> list[Tensor]:
        """What a call takes; of the whole, what it returns."""
        return self.calls.ys(number) if number == self.end else self.calls.xs(number)

    def maker(self, tensor: Tensor, before: int) -> int | None:
        """The last call before this one that returns the tensor; None for an input, a constant or a parameter."""
        made = [n for n in self._makers.get(key_of(tensor), ()) if n < before]
        return made[-1] if made else None

    def tensors(self) -> Iterator[Tensor]:
        """Every tensor that a call takes or returns."""
        for number in self.numbers:
            yield from self.calls.xs(number)
            yield from self.calls.ys(number)

    @cached_property
    def _makers(self) -> dict[str, list[int]]:
        makers: dict[str, list[int]] = defaultdict(list)
        for number in self.numbers:
            if number != self.end:
                for y in self.calls.ys(number):
                    makers[key_of(y)].append(number)
        return makers


@dataclass(frozen=True)
class Shared:
    """Tells whether the other side has a tensor too, in some layout. `tolerance`: relative to its largest value."""

    other: Flow
    tolerance: float

    def has(self, tensor: Tensor) -> bool:
        """Whether the other side has this tensor."""
        key = key_of(tensor)
        if key not in self._known:
            self._known[key] = any(
                equal(tensor, candidate, self.tolerance)
                for norm, candidate in self._by_size.get(tensor.size, ())
                if abs(norm - _norm(tensor)) <= self.tolerance * np.sqrt(max(1, tensor.size)) * (norm + _norm(tensor))
            )
        return self._known[key]

    @cached_property
    def _known(self) -> dict[str, bool]:
        return {}

    @cached_property
    def _by_size(self) -> dict[int, list[tuple[float, Tensor]]]:
        by_size: dict[int, list[tuple[float, Tensor]]] = defaultdict(list)
        for tensor in {key_of(tensor): tensor for tensor in self.other.tensors()}.values():
            by_size[tensor.size].append((_norm(tensor), tensor))
        return by_size


def equal(a: Tensor, b: Tensor, tolerance: float) -> bool:
    """Whether two tensors hold the same numbers in some layout."""
    return any(distance(view.of([a]), b) <= tolerance for view in same_numbers(a.shape, b.shape))


def rearranged(a: Tensor, b: Tensor, tolerance: float) -> bool:
    """Whether two tensors hold the same numbers in whatever order."""
    return a.size == b.size and distance(np.sort(a, axis=None), np.sort(b, axis=None)) <= tolerance


def _norm(tensor: Tensor) -> float:
    return float(np.linalg.norm(np.nan_to_num(tensor.astype(np.float64), posinf=0.0, neginf=0.0)))
