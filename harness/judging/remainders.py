"""The reference in float32, and the floor that terms which cancel exactly put under its tolerances.

Where the terms of a difference cancel exactly (batch normalisation of a single sample, layer normalisation of a single
feature), the reference's own error is 0 and is no measure. There its float32 runs are repeated so that a unit in the
last place of the terms is left, once all alike and once alternating: see `adapters.reference.cancellation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.reference.cancellation import leaving
from adapters.reference.rounding import at_random
from harness.judging.tolerances import Tolerance, floored, furthest, largest_anywhere
from harness.records.array_types import FloatArray
from harness.system.array_files import Arrays

Compute = Callable[[], Arrays]
SIGNS = (1.0, -1.0)


@dataclass(frozen=True)
class InFloat32:
    """The reference's results in float32, by tensor.

    `values`: those that are furthest from the results in float64. `remainders`: those of runs in which terms that
    cancel leave a remainder; empty if none cancel.
    """

    values: Arrays
    remainders: tuple[Arrays, ...] = ()

    def of(self, name: str) -> list[FloatArray]:
        """The tensor in every run."""
        return [run[name] for run in (self.values, *self.remainders)]

    def floored(
        self,
        tolerances: Mapping[str, Tolerance],
        reference: Arrays,
        precision: object,
        reduce: Callable[[FloatArray], Any] = largest_anywhere,
    ) -> dict[str, Tolerance]:
        """The tolerances, at least as wide as the remainders allow. `reduce`: as in `tolerances.floored`."""
        return floored(tolerances, reference, self.remainders, precision, reduce)


def in_float32(reference: Arrays, runs: Iterable[Compute]) -> InFloat32:
    """The results of several float32 runs. `reference`: the same results in float64.

    In mixed precision the first is rounded to the nearest, and the others at random.
    """
    each = [one_run(compute, seed) for seed, compute in enumerate(runs)]
    return InFloat32(
        furthest(reference, [run.values for run in each]), tuple(left for run in each for left in run.remainders)
    )


def one_run(compute: Compute, seed: int = 0) -> InFloat32:
    """The results of one float32 run. In mixed precision a seed other than 0 rounds at random."""
    with leaving(0.0) as ordinary, at_random(seed):
        values = compute()
    remainders = []
    for sign in SIGNS if ordinary.cancelled else ():
        with leaving(sign), at_random(seed):
            remainders.append(compute())
    return InFloat32(values, tuple(remainders))


def signs_of_draws(count: int) -> tuple[float, ...]:
    """The signs for several runs at once: the first leaves nothing, the others a remainder of either sign in turn."""
    return (0.0, *np.resize(SIGNS, count - 1))
