"""Images flipped, rotated and shifted as the plan says, in arithmetic that is the same on every machine.

Sums and products of float64 and one rounding: a library's own routine may fuse them, or round sines otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Drawn = Mapping[str, NDArray[Any]]

_CHUNK = 500  # images at once: more do not fit into a processor's cache


def augmented(images: Images, drawn: Drawn) -> Images:
    """The images (N, height, width, 1), each as its row of `drawn` says: `flip`, then `turn`, then `shift`.

    `turn` is (cosine, sine) of an angle counter-clockwise, `shift` (down, right) in pixels.
    """
    made = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        made[part, ..., 0] = _moved(images[part, ..., 0], {name: rows[part] for name, rows in drawn.items()})
    return made


def _moved(images: Images, drawn: Drawn) -> Images:
    """Each pixel takes the value at the place it comes from, which is the way back: shift, turn, flip."""
    _, height, width = images.shape
    middle = (height - 1) / 2, (width - 1) / 2
    down, right = (drawn["shift"][:, axis, np.newaxis, np.newaxis].astype(np.float64) for axis in (0, 1))
    cosine, sine = (drawn["turn"][:, part, np.newaxis, np.newaxis].astype(np.float64) for part in (0, 1))
    row = np.arange(height)[:, np.newaxis] - middle[0] - down
    column = np.arange(width) - middle[1] - right
    from_row = cosine * row + sine * column + middle[0]
    from_column = cosine * column - sine * row
    mirrored = drawn["flip"][:, np.newaxis, np.newaxis].astype(bool)
    from_column = np.where(mirrored, -from_column, from_column) + middle[1]
    made: Images = np.rint(_bilinear(images, from_row, from_column)).astype(np.uint8)
    return made


def _bilinear(images: Images, row: Any, column: Any) -> Any:
    """The values between the four pixels around each place; outside the image all pixels are 0."""
    count, height, width = images.shape
    padded = np.zeros((count, height + 2, width + 2))
    padded[:, 1:-1, 1:-1] = images
    row, column = np.clip(row + 1, 0, height + 1), np.clip(column + 1, 0, width + 1)
    top = np.minimum(row.astype(np.int32), height)
    left = np.minimum(column.astype(np.int32), width)
    below, beside = row - top, column - left
    first = np.arange(count, dtype=np.int32)[:, np.newaxis, np.newaxis] * padded[0].size
    at = first + top * np.int32(width + 2) + left
    pixel = padded.ravel()
    upper = pixel[at] * (1 - beside) + pixel[at + 1] * beside
    lower = pixel[at + width + 2] * (1 - beside) + pixel[at + width + 3] * beside
    return upper * (1 - below) + lower * below
