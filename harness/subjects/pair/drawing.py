"""Batches: their required form, and a worker's task that draws them from a user's function."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from adapters.user_model import load_function
from harness.records.failure import in_one_line
from harness.system.array_files import save_arrays
from harness.worker.session import Session
from harness.worker.task import Result

Array = NDArray[Any]
HOLDERS = 2  # both arms hold all batches at the same time
GIB = 1024**3


class BatchesError(Exception):
    """The user's function raised an error or yielded something else than batches; the message is one line."""


def draw_by_function(
    session: Session, scratch: str, file: str, function: str, into: str, batch_size: int, steps: int
) -> Result:
    """Writes the batches to the file `into`. `wrong` in the result: the function's error; empty if there is none."""
    try:
        arrays = from_function(load_function(file, function)(), batch_size, steps)
    except BatchesError as error:
        return {"wrong": str(error)}
    except (Exception, SystemExit) as error:
        session.end_copy()
        traceback.print_exc()
        return {"wrong": f"raised {in_one_line(error)}"}
    session.end_copy()
    save_arrays(Path(into), arrays)
    return {"wrong": ""}


def from_function(batches: Iterable[Any], batch_size: int, steps: int) -> dict[str, Array]:
    """The first `steps` batches: `x` (steps, batch_size, ...), `y` (steps, batch_size) or (steps, batch_size, ...).

    Raises BatchesError if their shapes differ, there are too few, or they do not fit into memory.
    """
    held: dict[str, Array] = {}
    number = -1
    for number, batch in enumerate(islice(batches, steps)):
        x, y = _checked(batch, number, batch_size)
        if not held:
            excess = too_large(x.nbytes + y.nbytes, steps)
            if excess:
                raise BatchesError(f"yields too much: {excess}")
            held = {name: np.empty((steps, *values.shape), values.dtype) for name, values in (("x", x), ("y", y))}
        before = held["x"].shape[1:], held["y"].shape[1:]
        if (x.shape, y.shape) != before:
            raise BatchesError(
                f"yielded batch {number} of a wrong shape: x, y have shapes {x.shape}, {y.shape}; "
                f"those before had {before[0]}, {before[1]}"
            )
        held["x"][number], held["y"][number] = x, y
    if number + 1 < steps:
        raise BatchesError(f"yielded {number + 1} batches, but steps is {steps}")
    return held


def _checked(batch: Any, number: int, batch_size: int) -> tuple[Array, Array]:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise BatchesError(f"yielded {type(batch).__name__} at batch {number}, not (x, y)")
    x, y = (np.asarray(part) for part in batch)
    wrong = misfits(x, y)
    if x.ndim and len(x) != batch_size:
        wrong.append(f"x has {len(x)} samples, batch_size is {batch_size}")
    if wrong:
        raise BatchesError(f"yielded batch {number} of a wrong shape: {'; '.join(wrong)}")
    return rounded(x), rounded(y)


def misfits(x: Array, y: Array) -> list[str]:
    """Why two arrays are not samples and their targets; empty if they are."""
    wrong = [
        f"{name} holds {value.dtype}, not numbers"
        for name, value in (("x", x), ("y", y))
        if not (np.issubdtype(value.dtype, np.number) or value.dtype == bool)
    ]
    if x.ndim < 2:
        wrong.append(f"x has shape {x.shape}; a batch is (samples, ...), images (samples, height, width, channels)")
    elif y.ndim < 1 or len(x) != len(y):
        wrong.append(f"x has {len(x)} samples, y has shape {y.shape}")
    return wrong


def rounded(value: Array) -> Array:
    """Integers as int32, other numbers rounded to float32 once, so that every precision gets the same values."""
    return value.astype(np.int32) if np.issubdtype(value.dtype, np.integer) else value.astype(np.float32)


def too_large(batch_bytes: int, steps: int) -> str:
    """Why `steps` batches of this size do not fit into memory; empty if they do."""
    needed, free = HOLDERS * steps * batch_bytes, psutil.virtual_memory().available
    if needed <= free:
        return ""
    return (
        f"{steps} batches take {needed / GIB:.1f} GiB in {HOLDERS} arms, and {free / GIB:.1f} GiB of memory are free; "
        "fewer steps or a smaller batch_size take less"
    )
