"""The whole batches of the plan, one after another, over the bounds of its epochs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adapters.protocol import Parameters
from harness.records.array_types import IntArray
from harness.worker.session import Session

Block = tuple[IntArray, Parameters]  # sample numbers (steps, batch), and noise (steps, batch, ...)


class Batches:
    """Hands out batches in the order of the plan, which begins again after its last epoch.

    The short batches at the ends of epochs are left out, since all blocks are of one shape.
    """

    def __init__(self, session: Session) -> None:
        self._epochs = _epochs(session)
        self._order, self._noise = next(self._epochs)

    def next(self, steps: int) -> Block:
        """The next `steps` batches."""
        while len(self._order) < steps:
            order, noise = next(self._epochs)
            self._order = np.concatenate([self._order, order])
            self._noise = {name: np.concatenate([rows, noise[name]]) for name, rows in self._noise.items()}
        block = self._order[:steps], {name: rows[:steps] for name, rows in self._noise.items()}
        self._order, self._noise = self._order[steps:], {name: rows[steps:] for name, rows in self._noise.items()}
        return block


def padded(block: Block, steps: int) -> Block:
    """The block with its last batch repeated to `steps` batches."""
    order, noise = block
    at = np.minimum(np.arange(steps), len(order) - 1)
    return order[at], {name: rows[at] for name, rows in noise.items()}


def _epochs(session: Session) -> Iterator[Block]:
    while True:
        for epoch in range(len(session.plan.orders)):
            yield session.portions(epoch)[0]
