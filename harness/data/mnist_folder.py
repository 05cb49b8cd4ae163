"""Reads MNIST from a folder, as IDX, IDX.gz or `mnist.npz`, and reports all problems at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.data import idx
from harness.data.checks import CLASSES, not_finite, wrong_labels
from harness.data.dataset import DataError
from harness.data.mnist_files import Part
from harness.system.array_files import Header, header_of
from harness.system.files import refuse_unfit

NPZ = "mnist.npz"
_LARGEST_NPZ = 512 << 20  # the values as int64, not compressed, are 440 MB


@dataclass(frozen=True)
class Reading:
    """The result of reading a folder: valid arrays by `Part.key`, the form of the files, problems of the others."""

    arrays: dict[str, NDArray[np.uint8]]
    form: str
    problems: list[str]
    empty: bool = False
    """There was no file of MNIST at all."""


def read_folder(folder: Path, parts: Iterable[Part]) -> Reading:
    """Reads the IDX files of a folder, or its `mnist.npz` where some of those are missing."""
    try:
        paths = {part: part.find(folder) for part in parts}
        if None in paths.values() and (folder / NPZ).exists():
            return _read_npz(folder / NPZ, paths)
    except OSError as error:
        return Reading({}, "", [f"{folder}: cannot be looked into: {error}"])
    reading = Reading({}, "IDX files", [], empty=not any(paths.values()))
    for part, path in paths.items():
        try:
            if path is None:
                raise DataError(f"{part.names[0]}: missing; also looked for as {', '.join(part.names[1:])}")
            reading.arrays[part.key] = part.read(path, path.name)
        except DataError as error:
            reading.problems.append(str(error))
    return reading


def _read_npz(path: Path, parts: Iterable[Part]) -> Reading:
    reading = Reading({}, path.name, [])
    try:
        refuse_unfit(path, _LARGEST_NPZ, NPZ)
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("it holds one bare array")
    except Exception as error:  # see _member
        reading.problems.append(f"{path.name}: cannot be read as an .npz archive: {error}")
        return reading
    with archive:
        for part in parts:
            name = f"{path.name}, {part.key}"
            try:
                array = _member(archive, part, name)
                reading.arrays[part.key] = part.decode(_as_idx(array, part, name), name)
            except DataError as error:
                reading.problems.append(str(error))
    return reading


def _member(archive: np.lib.npyio.NpzFile, part: Part, name: str) -> NDArray[np.generic]:
    if part.key not in archive:
        raise DataError(f"{name}: missing; the archive holds {', '.join(archive.files[:20]) or 'nothing'}")
    try:
        declared = header_of(archive.zip, part.key)
        if not declared.dtype.hasobject and (not _fits(declared.shape, part) or declared.dtype.itemsize > 8):
            raise _misfit(declared, part, name)  # before any values are decompressed
        return archive[part.key]
    except DataError:
        raise
    except Exception as error:
        # Any exception: damage may be in the zip directory, the compressed stream, or the array's header, which is
        # parsed as Python; errors from a RuntimeError to a tokenizer's have been observed.
        raise DataError(f"{name}: cannot be read: {error}") from error


def _fits(shape: tuple[int, ...], part: Part) -> bool:
    return shape in (part.shape, (*part.shape, 1))


def _misfit(array: Header | NDArray[np.generic], part: Part, name: str) -> DataError:
    return DataError(
        f"{name}: {array.dtype} of shape {array.shape}, expected whole numbers 0 to 255 of shape {part.shape}"
    )


def _as_idx(array: NDArray[np.generic], part: Part, name: str) -> bytes:
    """The array as the bytes of an IDX file, so that one checksum serves every form."""
    sentences: list[str] = []
    if np.issubdtype(array.dtype, np.floating):
        sentences = not_finite(name, array)
    elif np.issubdtype(array.dtype, np.integer) and part.holds_labels and array.ndim == 1:
        sentences = wrong_labels(name, array, CLASSES)
    if sentences:
        raise DataError(sentences[0])
    # Labels are often stored as int64, which is exact; pixels scaled to floats are refused.
    exact = np.issubdtype(array.dtype, np.integer) and np.array_equal(array, array.astype(np.uint8))
    if not exact:
        raise _misfit(array, part, name)
    return idx.header(part.shape) + array.astype(np.uint8).tobytes()
