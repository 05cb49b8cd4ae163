"""Batches: their required form, and a worker's task that draws them from a user's function."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from adapters.user_data import MisfitError, Parts, mapped, parts_of, rounded
from adapters.user_model import load_function, require_no_arguments
from harness.records.failure import in_one_line
from harness.subjects.pair.batch_parts import flattened
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
        yielding = load_function(file, function)
        require_no_arguments(yielding, function)
        arrays = from_function(yielding(), batch_size, steps)
    except (BatchesError, MisfitError) as error:
        return {"wrong": str(error)}
    except (Exception, SystemExit) as error:
        session.end_copy()
        traceback.print_exc()
        return {"wrong": f"raised {in_one_line(error)}"}
    session.end_copy()
    save_arrays(Path(into), arrays)
    return {"wrong": ""}


def from_function(batches: Iterable[Any], batch_size: int, steps: int) -> dict[str, Array]:
    """The first `steps` batches: each array of x and y, (steps, batch_size, ...), by its name in a file.

    Raises BatchesError if their forms differ, there are too few, or they do not fit into memory.
    """
    held: dict[str, Array] = {}
    number = -1
    for number, batch in enumerate(islice(batches, steps)):
        arrays = _checked(batch, number, batch_size)
        if not held:
            excess = too_large(sum(values.nbytes for values in arrays.values()), steps)
            if excess:
                raise BatchesError(f"yields too much: {excess}")
            held = {name: np.empty((steps, *values.shape), values.dtype) for name, values in arrays.items()}
        before = {name: _form(values[0]) for name, values in held.items()}
        now = {name: _form(values) for name, values in arrays.items()}
        if now != before:
            raise BatchesError(
                f"yielded batch {number} of another form: {_listed(now)}; those before had {_listed(before)}"
            )
        for name, values in arrays.items():
            held[name][number] = values
    if number + 1 < steps:
        raise BatchesError(f"yielded {number + 1} batches, but steps is {steps}")
    return held


def _form(values: Array) -> str:
    return f"{values.shape} {values.dtype}"


def _listed(forms: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {form}" for name, form in forms.items())


def _checked(batch: Any, number: int, batch_size: int) -> dict[str, Array]:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        shown = f"{type(batch).__name__} of {len(batch)}" if isinstance(batch, tuple | list) else type(batch).__name__
        hint = (
            "; several inputs are given as ((a, b), y) or ({name: a, ...}, y)" if shown != type(batch).__name__ else ""
        )
        raise BatchesError(f"yielded {shown} at batch {number}, not (x, y){hint}")
    x, y = (_parts(part, name, number, batch_size) for name, part in zip("xy", batch, strict=True))
    wrong = misfits(x, y)
    size = next((len(values) for values in parts_of(x).values() if values.ndim), batch_size)
    if not wrong and size != batch_size:
        wrong.append(f"x has {size} samples, batch_size is {batch_size}")
    if wrong:
        raise BatchesError(f"yielded batch {number} of a wrong shape: {'; '.join(wrong)}")
    try:
        return {**flattened("x", mapped(rounded, x)), **flattened("y", mapped(partial(rounded, is_target=True), y))}
    except MisfitError as error:
        raise BatchesError(f"yielded batch {number} that {error}") from None


def _parts(value: Any, name: str, number: int, batch_size: int) -> Parts:
    """An array, a tuple of arrays or a mapping of arrays, from what the function yielded as x or y.

    A tuple holds several arrays. A list is one array, unless it holds arrays of the samples of a batch.
    """
    if isinstance(value, Mapping):
        wrong = [key for key in value if not (isinstance(key, str) and key.isidentifier())]
        if wrong or not value:
            named = f"names that are no identifiers: {', '.join(map(repr, wrong))}" if wrong else "no arrays"
            raise BatchesError(f"yielded batch {number} whose {name} is a mapping with {named}")
        return {key: np.asarray(part) for key, part in value.items()}
    several = isinstance(value, tuple) or (isinstance(value, list) and len(value) != batch_size)
    if several and value and all(hasattr(part, "__array__") and np.ndim(part) for part in value):
        return np.asarray(value[0]) if len(value) == 1 else tuple(np.asarray(part) for part in value)
    return np.asarray(value)


def misfits(x: Parts, y: Parts) -> list[str]:
    """Why arrays are not samples and their targets; empty if they are."""
    named = {name: values for key, parts in (("x", x), ("y", y)) for name, values in flattened(key, parts).items()}
    wrong = [
        f"{name} holds {values.dtype}, not numbers"
        for name, values in named.items()
        if not (np.issubdtype(values.dtype, np.number) or values.dtype == bool)
        or np.issubdtype(values.dtype, np.complexfloating)
    ]
    first, *rest = named.items()
    wrong += [
        f"{name} has shape {values.shape}; a batch is (samples, ...), images (samples, height, width, channels)"
        for name, values in named.items()
        if name.startswith("x") and (values.ndim < 1 or values.shape[0] < 1)
    ]
    if not wrong:
        size = len(first[1])
        wrong += [
            f"{first[0]} has {size} samples, {name} has shape {values.shape}"
            for name, values in rest
            if values.ndim < 1 or len(values) != size
        ]
    return wrong


def too_large(batch_bytes: int, steps: int) -> str:
    """Why `steps` batches of this size do not fit into memory; empty if they do."""
    needed, free = HOLDERS * steps * batch_bytes, psutil.virtual_memory().available
    if needed <= free:
        return ""
    return (
        f"{steps} batches take {needed / GIB:.1f} GiB in {HOLDERS} arms, and {free / GIB:.1f} GiB of memory are free; "
        "fewer steps or a smaller batch_size take less"
    )
