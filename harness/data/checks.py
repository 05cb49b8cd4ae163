"""What is wrong with the arrays of a data set, by name and by sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

IMAGE_SHAPE = (28, 28, 1)
CLASSES = 10


def problems(
    part: str, samples: NDArray[Any], targets: NDArray[Any], shape: tuple[int, ...], classes: int | None
) -> list[str]:
    """Everything wrong with the samples and targets of one part, as sentences for `DataError`."""
    found = _misshapen(f"x_{part}", samples, np.float64 if classes is None else np.uint8, shape)
    if classes is not None:
        found += _misshapen(f"y_{part}", targets, np.int32, ())
    elif targets.ndim == 2:
        found += _misshapen(f"y_{part}", targets, np.float64, targets.shape[1:])
    else:
        found.append(f"y_{part}: of shape {targets.shape}, expected (N, values)")
    if found:
        return found
    what = "samples" if classes is None else "images"
    goals = "targets" if classes is None else "labels"
    if len(samples) != len(targets):
        found.append(f"{part}: {len(samples)} {what} but {len(targets)} {goals}, expected as many of each")
    if len(samples) == 0:
        found.append(f"x_{part}: no {what}, expected at least one")
    if classes is None:
        return [*found, *_inexact(f"x_{part}", samples), *_inexact(f"y_{part}", targets)]
    return [*found, *wrong_labels(f"y_{part}", targets, classes)]


def wrong_labels(name: str, labels: NDArray[Any], classes: int) -> list[str]:
    """At most one sentence: the first label out of range, and how many there are."""
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if not wrong.size:
        return []
    more = f", and {wrong.size - 1} more" if wrong.size > 1 else ""
    return [f"{name}: label {labels[wrong[0]]} of sample {wrong[0]}{more}; expected 0 to {classes - 1}"]


def not_finite(name: str, values: NDArray[Any]) -> list[str]:
    """At most one sentence: the first NaN or infinity, and in how many samples there are any."""
    bad = ~np.isfinite(values)
    if not bad.any():
        return []
    place = tuple(int(i) for i in np.argwhere(bad)[0])
    samples = np.count_nonzero(bad.reshape(len(values), -1).any(axis=1))
    more = f", and in {samples - 1} more" if samples > 1 else ""
    return [f"{name}: {values[place]} in sample {place[0]}{more}; expected finite numbers"]


def _misshapen(name: str, array: NDArray[Any], dtype: Any, shape: tuple[int, ...]) -> list[str]:
    if array.dtype == dtype and array.shape[1:] == shape and array.ndim == 1 + len(shape):
        return []
    wanted = ", ".join(map(str, ("N", *shape))) + ("" if shape else ",")
    return [f"{name}: {array.dtype} of shape {array.shape}, expected {np.dtype(dtype)} of shape ({wanted})"]


def _inexact(name: str, values: NDArray[Any]) -> list[str]:
    found = not_finite(name, values)
    if found:
        return found
    with np.errstate(over="ignore"):
        wrong = np.argwhere(values != values.astype(np.float32))
    if not wrong.size:
        return []
    place = tuple(int(i) for i in wrong[0])
    return [f"{name}: {float(values[place])!r} in sample {place[0]} is not exact in float32, as every arm needs it"]
