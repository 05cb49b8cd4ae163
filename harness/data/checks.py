"""Checks the arrays of a data set; a sentence names the array and the sample at fault."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

IMAGE_SHAPE = (28, 28, 1)
CLASSES = 10


def problems(
    part: str, samples: NDArray[Any], targets: NDArray[Any], shape: tuple[int, ...], classes: int | None
) -> list[str]:
    """The faults of the samples and targets of one part (`train` or `test`), as sentences for `DataError`.

    `shape`: that of one sample. Without `classes` the samples and targets are float64 values, exact in float32.
    """
    sentences = _misshapen(f"x_{part}", samples, np.float64 if classes is None else np.uint8, shape)
    if classes is not None:
        sentences += _misshapen(f"y_{part}", targets, np.int32, ())
    elif targets.ndim == 2:
        sentences += _misshapen(f"y_{part}", targets, np.float64, targets.shape[1:])
    else:
        sentences.append(f"y_{part}: of shape {targets.shape}, expected (N, values)")
    if sentences:
        return sentences
    what = "samples" if classes is None else "images"
    goals = "targets" if classes is None else "labels"
    if len(samples) != len(targets):
        sentences.append(f"{part}: {len(samples)} {what} but {len(targets)} {goals}, expected as many of each")
    if len(samples) == 0:
        sentences.append(f"x_{part}: no {what}, expected at least one")
    if classes is None:
        return [*sentences, *_inexact(f"x_{part}", samples), *_inexact(f"y_{part}", targets)]
    return [*sentences, *wrong_labels(f"y_{part}", targets, classes)]


def wrong_labels(name: str, labels: NDArray[Any], classes: int) -> list[str]:
    """At most one sentence: the first of the labels (N,) out of range, and the number of others."""
    rows = np.flatnonzero((labels < 0) | (labels >= classes))
    if not rows.size:
        return []
    more = f", and {rows.size - 1} more" if rows.size > 1 else ""
    return [f"{name}: label {labels[rows[0]]} of sample {rows[0]}{more}; expected 0 to {classes - 1}"]


def not_finite(name: str, values: NDArray[Any]) -> list[str]:
    """At most one sentence: the first NaN or infinity in the values (N, ...), and the number of samples affected."""
    bad = ~np.isfinite(values)
    if not bad.any():
        return []
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    samples = np.count_nonzero(bad.reshape(len(values), -1).any(axis=1))
    more = f", and in {samples - 1} more" if samples > 1 else ""
    return [f"{name}: {values[index]} in sample {index[0]}{more}; expected finite numbers"]


def _misshapen(name: str, array: NDArray[Any], dtype: Any, shape: tuple[int, ...]) -> list[str]:
    if array.dtype == dtype and array.shape[1:] == shape and array.ndim == 1 + len(shape):
        return []
    expected = ", ".join(map(str, ("N", *shape))) + ("" if shape else ",")
    return [f"{name}: {array.dtype} of shape {array.shape}, expected {np.dtype(dtype)} of shape ({expected})"]


def _inexact(name: str, values: NDArray[Any]) -> list[str]:
    sentences = not_finite(name, values)
    if sentences:
        return sentences
    with np.errstate(over="ignore"):
        inexact = np.argwhere(values != values.astype(np.float32))
    if not inexact.size:
        return []
    index = tuple(int(i) for i in inexact[0])
    return [f"{name}: {float(values[index])!r} in sample {index[0]} is not exact in float32, as every arm needs it"]
