"""Views of a parameter: which part of it is a parameter that both frameworks share, and how that part lies in it.

A view is a sequence of steps, each a list that JSON can hold:

- `["permute", axes]`: the axes in another order;
- `["reshape", shape]`: the same numbers, row by row, in another shape;
- `["blocks", axis, count, order]`: the axis is cut into `count` equal blocks, of which those in `order` are kept, in
  that order: gates in another order, or one of three fused projections;
- `["slice", axis, start, stop]`: the indices of the axis from `start` up to and without `stop`.

No step computes, so a view is a choice of elements: `positions` gives them, and writing back cannot lose a digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from adapters.protocol import Array

Step = Sequence[Any]
View = Sequence[Step]


def viewed(value: Array, view: View) -> Array:
    """The elements that a view chooses from `value`, in its layout. Raises ValueError where a step does not fit."""
    for step in view:
        match list(step):
            case ["permute", axes]:
                value = value.transpose([int(axis) for axis in axes])
            case ["reshape", shape]:
                value = value.reshape([int(length) for length in shape])
            case ["blocks", axis, count, order]:
                value = _blocks(value, int(axis), int(count), order)
            case ["slice", axis, start, stop]:
                value = value[(slice(None),) * (int(axis) % value.ndim) + (slice(int(start), int(stop)),)]
            case _:
                raise ValueError(f"there is no step {step!r} of a view")
    return value


def positions(shape: Sequence[int], view: View) -> Array:
    """For each element of the view, its position in the flattened parameter of this shape."""
    return viewed(np.arange(prod(shape)).reshape(shape), view)


def placed(value: Array, view: View, part: Array) -> Array:
    """A copy of `value` whose elements in the view are those of `part`."""
    flat = np.array(value).ravel()
    flat[positions(value.shape, view)] = part
    return flat.reshape(value.shape)


def inverse_of_permutation(axes: Sequence[int]) -> Step:
    """The step that undoes `["permute", axes]`."""
    return ["permute", [int(axis) for axis in np.argsort(axes)]]


def _blocks(value: Array, axis: int, count: int, order: Sequence[int]) -> Array:
    length = value.shape[axis]
    if length % count:
        raise ValueError(f"axis {axis} of {value.shape} cannot be cut into {count} equal blocks")
    parts = np.split(value, count, axis)
    return np.concatenate([parts[int(number)] for number in order], axis)
