"""The batches of a pair: from an .npz file, or from a function of the user's, which runs in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.own import load_function
from harness.arrays import headers_of, load_arrays, save_arrays
from harness.composition import UserMistake
from harness.files import in_units, refuse_unfit
from harness.memory import available_memory
from harness.pair.composing import ComposedPair

Array = NDArray[Any]
DRAWING = "harness.pair.batches"


class BatchesError(Exception):
    """The user's function raised, or yields something else; the message is one line."""


def draw(composed: ComposedPair, into: Path, log: Path) -> None:
    """Leaves the batches in `into`: `x` is (steps, batch, ...), `y` (steps, batch) or (steps, batch, ...).

    UserMistake where a file holds something else; BatchesError where a function fails, with its output in `log`.
    """
    pair = composed.pair
    file, function = composed.place(pair.batches)
    if not function:
        save_arrays(into, _from_file(file, pair.batch_size, pair.steps))
        return
    command = [sys.executable, "-m", DRAWING, str(file), function, str(into), str(pair.batch_size), str(pair.steps)]
    with log.open("wb") as stream:
        done = subprocess.run(command, cwd=log.parent, stdout=subprocess.PIPE, stderr=stream, text=True, check=False)
    if done.returncode != 0:
        message = next(iter(reversed(done.stdout.strip().splitlines())), f"ended with exit code {done.returncode}")
        raise BatchesError(f"{file.name}:{function} {message}; the whole is in {log}")


def _from_file(file: Path, batch_size: int, steps: int) -> dict[str, Array]:
    """Consecutive rows; after the last whole batch from the beginning again."""
    try:
        _refuse_too_large(file, batch_size * steps)
        arrays = load_arrays(file)
    except UserMistake:
        raise
    except Exception as error:
        # Any: depending on where the damage is, it comes up in the zip directory, a header, or a compressed stream.
        raise UserMistake([f"batches: {file} cannot be read ({error}); it must hold x and y"]) from None
    wrong = [f"batches: {file} has no {name!r}; it has {', '.join(arrays)}" for name in "xy" if name not in arrays]
    if wrong:
        raise UserMistake(wrong)
    x, y = arrays["x"], arrays["y"]
    wrong = _misfits(x, y)
    if not wrong and len(x) < batch_size:
        wrong.append(f"batch_size: given {batch_size}, but {file.name} has {len(x)} samples; allowed: 1 to {len(x)}")
    if wrong:
        raise UserMistake([f"batches: {file.name}: {each}" for each in wrong])
    whole = len(x) // batch_size
    rows = [np.arange(batch_size) + (step % whole) * batch_size for step in range(steps)]
    return {"x": _rounded(x)[np.stack(rows)], "y": _rounded(y)[np.stack(rows)]}


def _refuse_too_large(file: Path, rows: int) -> None:
    """Before its values are decompressed: what the file declares, and what the batches made of it take."""
    most, bound = available_memory()
    refuse_unfit(file, most, "a file of batches")
    headers = headers_of(file)
    declared = sum(header.nbytes for header in headers.values())
    drawn = sum(rows * header.nbytes // max(1, header.shape[0]) for header in headers.values() if header.shape)
    if declared + drawn > most:
        listed = f"{in_units(declared)} for its arrays and {in_units(drawn)} for batch_size x steps rows of them"
        raise UserMistake([f"batches: {file} takes {listed} of memory; {in_units(most)} is {bound}"])


def _from_function(batches: Iterable[Any], batch_size: int, steps: int) -> dict[str, Array]:
    found: list[tuple[Array, Array]] = []
    for number, batch in enumerate(islice(batches, steps)):
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise BatchesError(f"yielded {type(batch).__name__} at batch {number}, not (x, y)")
        x, y = (np.asarray(each) for each in batch)
        wrong = _misfits(x, y)
        if len(x) != batch_size:
            wrong.append(f"x has {len(x)} samples, batch_size is {batch_size}")
        if found and (x.shape, y.shape) != (found[0][0].shape, found[0][1].shape):
            wrong.append(
                f"x, y have shapes {x.shape}, {y.shape}; those before had {found[0][0].shape}, {found[0][1].shape}"
            )
        if wrong:
            raise BatchesError(f"yielded batch {number} of a wrong shape: {'; '.join(wrong)}")
        found.append((_rounded(x), _rounded(y)))
    if len(found) < steps:
        raise BatchesError(f"yielded {len(found)} batches, but steps is {steps}")
    return {"x": np.stack([x for x, _ in found]), "y": np.stack([y for _, y in found])}


def _misfits(x: Array, y: Array) -> list[str]:
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


def _rounded(value: Array) -> Array:
    """Labels as int32; numbers to float32 once, so that every precision gets the same."""
    return value.astype(np.int32) if np.issubdtype(value.dtype, np.integer) else value.astype(np.float32)


def main(file: str, function: str, into: str, batch_size: str, steps: str) -> int:
    """In the process of its own: the last line of the output is what went wrong."""
    try:
        save_arrays(Path(into), _from_function(load_function(file, function)(), int(batch_size), int(steps)))
    except BatchesError as error:
        print(error)
        return 1
    except Exception as error:
        import traceback

        traceback.print_exc()
        print(f"raised {type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
