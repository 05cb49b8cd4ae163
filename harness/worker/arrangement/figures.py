"""How fast a framework was in each of its arrangements, and which of them these figures choose."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Annotated

from pydantic import Field

from harness.spec.arm import NONE
from harness.spec.base import Spec

# How many times as fast as without it an arrangement must be. Timings on a busy machine differ by less than this.
CLEARLY = 1.3

Seconds = Annotated[float, Field(gt=0)]


class Figures(Spec):
    """The seconds that a convolution and a matrix product took, forward and backward."""

    convolution_s: Seconds
    product_s: Seconds

    def speedups(self, bare: Figures, has_convolutions: bool) -> tuple[float, ...]:
        """How many times as fast as `bare` each operation is that a model has; every model has products."""
        product = bare.product_s / self.product_s
        return (bare.convolution_s / self.convolution_s, product) if has_convolutions else (product,)


def fastest(figures: Mapping[str, Figures], has_convolutions: bool) -> str:
    """The name of the arrangement to use; `none` where no other is clearly faster.

    An arrangement is clearly faster if one operation is at least CLEARLY times as fast as without it, and no other is
    slower by that factor. Of several, the one with the largest product of these ratios is chosen, then the first.

    Args:
        figures: by the names of arrangements, of which `none` must be one.
        has_convolutions: whether the convolution counts, or the product alone.
    """
    best, best_gain = NONE, 1.0
    for name, measured in figures.items():
        speedups = measured.speedups(figures[NONE], has_convolutions)
        is_faster = max(speedups) >= CLEARLY and min(speedups) > 1 / CLEARLY
        if is_faster and prod(speedups) > best_gain:
            best, best_gain = name, prod(speedups)
    return best


def in_words(figures: Mapping[str, Figures], name: str) -> str:
    """How much faster an arrangement is than none: `convolution 8.0 times as fast, matrix product 1.1 times`."""
    convolution, product = figures[name].speedups(figures[NONE], has_convolutions=True)
    return f"convolution {convolution:.1f} times as fast, matrix product {product:.1f} times"
