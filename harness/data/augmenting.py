"""Flips, rotates and shifts images by the plan, in arithmetic that gives the same result on every machine.

It is made of float64 sums and products and one rounding. A library's routine may fuse these or round sines differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Moves = Mapping[str, NDArray[Any]]

_CHUNK = 500  # images at a time, as many as fit into a processor's cache


def augmented(images: Images, moves: Moves) -> Images:
    """The images (N, height, width, 1), each moved by its row of `moves`: by `flip`, then `turn`, then `shift`.

    `flip` (N,): 0 or 1. `turn` (N, 2): cosine and sine of an angle, counter-clockwise. `shift` (N, 2): down and right,
    in pixels.
    """
    result = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        result[part, ..., 0] = _moved(images[part, ..., 0], {name: rows[part] for name, rows in moves.items()})
    return result


def _moved(images: Images, moves: Moves) -> Images:
    """Each pixel gets the value at its source, which is found by undoing shift, turn and flip in this order."""
    _, height, width = images.shape
    middle = (height - 1) / 2, (width - 1) / 2
    down, right = (moves["shift"][:, axis, np.newaxis, np.newaxis].astype(np.float64) for axis in (0, 1))
    cosine, sine = (moves["turn"][:, part, np.newaxis, np.newaxis].astype(np.float64) for part in (0, 1))
    row = np.arange(height)[:, np.newaxis] - middle[0] - down
    column = np.arange(width) - middle[1] - right
    from_row = cosine * row + sine * column + middle[0]
    from_column = cosine * column - sine * row
    mirrored = moves["flip"][:, np.newaxis, np.newaxis].astype(bool)
    from_column = np.where(mirrored, -from_column, from_column) + middle[1]
    moved: Images = np.rint(_bilinear(images, from_row, from_column)).astype(np.uint8)
    return moved


def _bilinear(images: Images, row: Any, column: Any) -> Any:
    """Bilinear interpolation of the images at `row` and `column`; pixels outside an image are 0."""
    count, height, width = images.shape
    padded = np.zeros((count, height + 2, width + 2))
    padded[:, 1:-1, 1:-1] = images
    row, column = np.clip(row + 1, 0, height + 1), np.clip(column + 1, 0, width + 1)
    top = np.minimum(row.astype(np.int32), height)
    left = np.minimum(column.astype(np.int32), width)
    below, beside = row - top, column - left
    image_start = np.arange(count, dtype=np.int32)[:, np.newaxis, np.newaxis] * padded[0].size
    at = image_start + top * np.int32(width + 2) + left
    pixel = padded.ravel()
    upper = pixel[at] * (1 - beside) + pixel[at + 1] * beside
    lower = pixel[at + width + 2] * (1 - beside) + pixel[at + width + 3] * beside
    return upper * (1 - below) + lower * below
