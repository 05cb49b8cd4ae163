"""Pushes one run across the kinks near another, as rounding could.

At a jump of a slope two correct runs diverge for good if rounding puts them on different sides. That is rare, so that a
few disturbed runs may miss it. A `Push` changes `last`, the numbers of one run, in place: wherever `first`, those of
another run, are within `reach` of a kink and `last` is on the same side, `last` is moved to the other side.

The runs may be computed at once or one after the other: what a kink needs to know of one is kept for those that follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from adapters.protocol import Array
from adapters.reference.losses import target_rows
from adapters.reference.rectifiers import KINKS
from adapters.reference.rounding import epsilon
from harness.spec import layers, losses, regularizers
from harness.spec.base import Word

Push = Callable[[Array, Array, float], None]

# Their slope jumps where a weight is 0, or where an output is equal to its target (-1 or 1 for a hinge).
AT_ZERO = (regularizers.L1, regularizers.L1L2)
AT_TARGET = (losses.MeanAbsoluteError, losses.MeanAbsolutePercentageError, losses.AsymmetricLinear, losses.Hinge)


def pushed(draws: Array, deviations: float, push: Push, size: float | None = None) -> Array:
    """`draws` (D, ...) with the last one pushed across kinks within `deviations` standard deviations of rounding.

    `size`: that of the terms whose rounding it is, at least a unit in the last place of them; by default the size of
    the draws themselves.
    """
    return _Kink(len(draws), deviations, size).pushed(range(len(draws)), draws, push)


def signs_pushed(gradients: Mapping[str, Array], deviations: float) -> Callable[[Array, float], Array]:
    """The push for numbers (D, ...) made of these gradients, by name, of which an update rule takes the sign.

    A gradient may be nothing but rounding, such as that of a bias before a batch normalisation, and its sign makes a
    whole step. So its rounding is compared with the size of the largest gradient.
    """
    largest = max((root_mean_square(gradient[0]) for gradient in gradients.values()), default=0.0)
    return lambda numbers, share: pushed(numbers, deviations, across_zero, share * largest)


@dataclass
class Kinks:
    """The kinks of one update of `count` draws. Every group of draws meets all of them, in the same order."""

    count: int
    deviations: float
    group: range = range(0)
    _kinks: list[_Kink] = field(default_factory=list)
    _met: int = 0

    def turn_to(self, group: range) -> None:
        """The next inputs are those of these draws, which are the first, or follow on those that were last."""
        self.group, self._met = group, 0

    def pushed(self, samples: Array, push: Push) -> Array:
        """The inputs of the next kink, (draws of the group * B, ...), the last draw's pushed across it."""
        if self._met == len(self._kinks):
            self._kinks.append(_Kink(self.count, self.deviations))
        kink = self._kinks[self._met]
        self._met += 1
        inputs = samples.reshape(len(self.group), -1, *samples.shape[1:])
        return kink.pushed(self.group, inputs, push).reshape(samples.shape)


@dataclass
class _Kink:
    """What is known of a kink's inputs in the draws so far.

    `first`: of the first draw. `rounding`: the root mean square distance of the first draw to the nearest of those
    between the first and the last, which is the standard deviation of rounding; infinite before there is one. `size`:
    that of the terms which are rounded, at a unit in their last place at least; None for that of the inputs.
    """

    count: int
    deviations: float
    size: float | None = None
    first: Array | None = None
    rounding: float = np.inf

    def pushed(self, group: range, inputs: Array, push: Push) -> Array:
        """`inputs` (draws of the group, ...), those of the last draw pushed."""
        for position, draw in enumerate(group):
            if draw == 0:
                self.first = inputs[position]
            elif draw < self.count - 1:
                self.rounding = min(self.rounding, self._distance(inputs[position]))
        if self.count - 1 not in group:
            return inputs
        first, self.first = self.first, None  # a tensor as large as the activations
        assert first is not None
        # A difference of more than half of a number's digits is not rounding.
        size = root_mean_square(_where_finite(first, first)) if self.size is None else self.size
        rounding = self.rounding if self.size is None else max(self.rounding, epsilon() * self.size)
        if not 0 < rounding <= np.sqrt(epsilon()) * size:
            return inputs
        inputs = inputs.copy()
        push(first, inputs[-1], self.deviations * rounding)
        return inputs

    def _distance(self, inputs: Array) -> float:
        assert self.first is not None
        first, other = _where_finite(self.first, inputs), _where_finite(inputs, self.first)
        return root_mean_square(other - first)


def push_of(word: Word) -> Push:
    """The push for inputs of an activation with kinks, or for a maximum's windows (..., cells, channels)."""
    return swap_largest if isinstance(word, LARGEST) else partial(_across_kinks, KINKS[type(word)])  # type: ignore[index]


def push_of_loss(word: losses.Loss, y: Array) -> Push | None:
    """The push for outputs (B, ...) of a loss with kinks; None for a loss without."""
    if not isinstance(word, AT_TARGET):
        return None

    def push(first: Array, last: Array, reach: float) -> None:
        kinks = target_rows(word, first.reshape(len(first), -1), y).reshape(first.shape)
        across(first, last, reach, kinks)

    return push


def across(first: Array, last: Array, reach: float, kinks: Any) -> None:
    """Mirrors `last` at the kink."""
    near = (np.abs(first - kinks) <= reach) & ((first > kinks) == (last > kinks))
    np.copyto(last, 2 * np.asarray(kinks, last.dtype) - last, where=near)


def across_zero(first: Array, last: Array, reach: float) -> None:
    """Mirrors weights at 0, for a penalty on their absolute values."""
    across(first, last, reach, 0.0)


def swap_largest(first: Array, last: Array, reach: float) -> None:
    """Exchanges the largest cell of a window and the second largest."""
    if first.shape[-2] < 2:
        return
    order = np.argpartition(first, -2, axis=-2)
    second, largest = order[..., -2:-1, :], order[..., -1:, :]
    with np.errstate(invalid="ignore"):
        lead = np.take_along_axis(first, largest, -2) - np.take_along_axis(first, second, -2)
    top, runner_up = (np.take_along_axis(last, cell, -2) for cell in (largest, second))
    # Cells that are equal in every run, such as zeros, are not affected by rounding.
    near = (lead > 0) & (lead <= reach) & (top > runner_up)
    np.put_along_axis(last, largest, np.where(near, runner_up, top), -2)
    np.put_along_axis(last, second, np.where(near, top, runner_up), -2)


def _across_kinks(kinks: tuple[float, ...], first: Array, last: Array, reach: float) -> None:
    for kink in kinks:
        across(first, last, reach, kink)


def _where_finite(x: Array, other: Array) -> Array:
    """The numbers of `x`, (N,), where it and the other are finite: windows over padding hold infinities."""
    finite = np.isfinite(x) & np.isfinite(other)
    return x.reshape(-1) if finite.all() else x[finite]


def root_mean_square(x: Array) -> float:
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64)))) if x.size else 0.0


LARGEST = (layers.MaxPool2d, layers.GlobalMaxPool2d)
