"""Named arrays in .npz files, by which processes exchange them; a file is written completely or not at all."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.system.writing import whole

Arrays = dict[str, NDArray[Any]]
WEIGHTS = "weights.npz"  # an arm's final weights, in its folder
PREDICTIONS = "predictions.npz"  # what these predict for every test sample, where the targets are labels
# NumPy parses the header of an array as Python source, which two threads of Python 3.12 and older must not do at once:
# "SystemError: AST constructor recursion depth mismatch", https://github.com/python/cpython/issues/106905.
_PARSES_HEADERS = Lock()


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    # Member by member, not np.savez, which leaves its archive open where it is interrupted.
    with whole(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, value in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(value), allow_pickle=False)  # type: ignore[no-untyped-call]


def save_array(path: Path, array: NDArray[Any]) -> None:
    """One array as an .npy file, which can be read in part."""
    plain = np.ascontiguousarray(array)
    with whole(path) as partial, partial.open("wb") as file:
        # Not np.save: its error for a full disk names neither the reason nor the disk.
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(plain))  # type: ignore[no-untyped-call]
        file.write(plain.data)


@dataclass(frozen=True)
class Header:
    """The declared shape and dtype of an array in an .npz file."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def header_of(archive: zipfile.ZipFile, name: str) -> Header:
    """The header of one array, without its values. A damaged file may raise any exception."""
    with _PARSES_HEADERS, archive.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)  # type: ignore[no-untyped-call]
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(member)  # type: ignore[no-untyped-call]
    return Header(shape, dtype)


def headers_of(path: Path) -> dict[str, Header]:
    """The headers of all arrays in an .npz file."""
    with zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        return {name: header_of(archive, name) for name in names}


def load_arrays(path: Path) -> Arrays:
    with _PARSES_HEADERS, np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def load_array(path: Path) -> NDArray[Any]:
    """The array in an .npy file, read only as far as it is used."""
    with _PARSES_HEADERS:
        return np.asarray(np.load(path, mmap_mode="r"))
