"""The batches of a pair: from an .npz file, or from a user's function, which runs in a separate process."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np

import adapters
from adapters.user_data import MisfitError, rounded
from harness.composition import UserMistake
from harness.records.failure import Failure, WorkerFailedError, in_one_line
from harness.spec.arm import Arm
from harness.subjects.pair.batch_parts import gathered
from harness.subjects.pair.composing import ComposedPair
from harness.subjects.pair.drawing import Array, BatchesError, misfits
from harness.subjects.pair.spec import Pair
from harness.subjects.pair.tasks import TASKS
from harness.system.array_files import headers_of, load_arrays, save_arrays
from harness.system.files import in_units, refuse_unfit
from harness.system.memory import available_memory
from harness.system.stopping import deferred
from harness.worker import Worker

HOST = "reference"  # the adapter that needs no framework


def draw(composed: ComposedPair, into: Path, log: Path) -> None:
    """Writes the batches to `into`: each array of x and y, (steps, batch, ...), by the names of `batch_parts`.

    Raises UserMistake if a file does not hold batches, and BatchesError if a function fails; its output is in `log`.
    """
    pair = composed.pair
    file, function = composed.place(pair.batches)
    if not function:
        save_arrays(into, _from_file(file, pair.batch_size, pair.steps))
        return
    error = _drawn(pair, file, function, into, log)
    if error:
        raise BatchesError(f"{file.name}:{function} {error}; the whole is in {log}")


def _drawn(pair: Pair, file: Path, function: str, into: Path, log: Path) -> str:
    """Runs the function in a worker that is no arm. Returns its error in words; empty if there is none."""
    limit_s, mode = pair.batches_timeout_s, adapters.modes(HOST)[0]
    arm = Arm(name="batches", adapter=HOST, mode=mode, timeout_s=limit_s)
    payload = {"file": str(file), "function": function, "into": str(into)}
    try:
        with ExitStack() as stack:
            with deferred():
                worker = stack.enter_context(Worker(arm, log.parent, into.parent, log.name))
            result, _ = worker.ask(TASKS["pair_draw"], **payload, batch_size=pair.batch_size, steps=pair.steps)
    except WorkerFailedError as error:
        return _in_words(error.failure, limit_s)
    return str(result["wrong"]) or ("" if into.exists() else "left no batches")


def _in_words(failure: Failure, limit_s: float) -> str:
    match failure.symptom:
        case "timeout":
            return f"has not yielded its batches within batches_timeout_s={limit_s:g}"
        case "exit" | "signal":
            return f"did not yield its batches: its process {failure.message}"
    return f"did not yield its batches: {failure.message}"


def _from_file(file: Path, batch_size: int, steps: int) -> dict[str, Array]:
    """Batches of consecutive rows of the file, starting again after the last whole batch."""
    try:
        _refuse_too_large(file, batch_size * steps)
        arrays = load_arrays(file)
    except UserMistake:
        raise
    except Exception as error:  # whatever a broken file makes its readers raise
        raise UserMistake([f"batches: {file} cannot be read ({in_one_line(error)}); it must hold x and y"]) from None
    found = {name: gathered(name, arrays) for name in "xy"}
    missing = [name for name, parts in found.items() if parts is None]
    if missing:
        raise UserMistake([f"batches: {file} has no {name!r}; it has {', '.join(arrays)}" for name in missing])
    named = {name: values for name, values in arrays.items() if name.partition("/")[0] in found}
    mistakes = misfits(*(parts for parts in found.values() if parts is not None))
    size = min((len(values) for values in named.values() if values.ndim), default=0)
    if not mistakes and size < batch_size:
        mistakes.append(f"batch_size: given {batch_size}, but {file.name} has {size} samples; allowed: 1 to {size}")
    if mistakes:
        raise UserMistake([f"batches: {file.name}: {mistake}" for mistake in mistakes])
    whole = size // batch_size
    rows = [np.arange(batch_size) + (step % whole) * batch_size for step in range(steps)]
    try:
        return {name: rounded(values, name[0] == "y")[np.stack(rows)] for name, values in named.items()}
    except MisfitError as error:
        raise UserMistake([f"batches: {file.name} {error}"]) from None


def _refuse_too_large(file: Path, rows: int) -> None:
    """Raises UserMistake if the file's declared arrays and the batches need too much memory; reads headers only."""
    most, bound = available_memory()
    refuse_unfit(file, most, "a file of batches")
    headers = headers_of(file)
    declared = sum(header.nbytes for header in headers.values())
    drawn = sum(rows * header.nbytes // max(1, header.shape[0]) for header in headers.values() if header.shape)
    if declared + drawn > most:
        listed = f"{in_units(declared)} for its arrays and {in_units(drawn)} for batch_size x steps rows of them"
        raise UserMistake([f"batches: {file} takes {listed} of memory; {in_units(most)} is {bound}"])
