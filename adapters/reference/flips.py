"""Activations with a kink that take another branch in one of several runs (draws) than in the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from adapters.protocol import Array
from adapters.reference.rectifiers import branch
from harness.spec.activations import Activation


@dataclass(frozen=True)
class Flip:
    """An activation with a kink that took another branch than in draw 0.

    `index`: the sample's number in the batch, then the unit's index in the layer's output. `value`: the input in draw
    0. `disturbed`: the input in draw `draw`.
    """

    step: int
    draw: int
    layer: str
    index: tuple[int, ...]
    value: float
    disturbed: float


class Flips:
    """The flips of one update of `count` draws, which are added a group at a time.

    `counts`: (D,). `natural`: the number of draws, from the first on, whose flips are due to rounding alone.
    """

    def __init__(self, step: int, count: int, natural: int) -> None:
        self.step, self.count, self.natural = step, count, natural
        self.counts = np.zeros(count, np.int64)
        self._of_first_draw: dict[str, Array] = {}
        self._first_by_layer: dict[str, Flip | None] = {}

    def add(self, group: range, bent: Mapping[str, tuple[Activation, Array]]) -> None:
        """Counts the flips of the next draws. `bent`: by layer its activation, with the inputs (draws * B, ...)."""
        for layer, (word, samples) in bent.items():
            z = samples.reshape(len(group), -1, *samples.shape[1:])
            first = self._of_first_draw.setdefault(layer, z[0])
            flipped = branch(word, z) != branch(word, first)
            self.counts[group.start : group.stop] += flipped.sum(axis=tuple(range(1, z.ndim)))
            by_rounding = flipped[: max(0, self.natural - group.start)]
            if self._first_by_layer.setdefault(layer, None) is None and by_rounding.any():
                position, *index = (int(i) for i in np.argwhere(by_rounding)[0])
                values = float(first[tuple(index)]), float(z[(position, *index)])
                self._first_by_layer[layer] = Flip(self.step, group[position], layer, tuple(index), *values)
        if group.stop == self.count:
            self._of_first_draw.clear()  # tensors as large as the activations

    @property
    def first(self) -> Flip | None:
        """The first flip by rounding: of the first layer that has one the first draw, and there the first place."""
        return next((flip for flip in self._first_by_layer.values() if flip is not None), None)
