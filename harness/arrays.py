"""Arrays between processes: named, in an .npz file that is complete or not there."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.writing import whole

Arrays = dict[str, NDArray[Any]]
WEIGHTS = "weights.npz"  # an arm's final weights, in its folder
PREDICTIONS = "predictions.npz"  # what it then says of every test sample, where the targets are labels


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
        # Not np.save, which tells of a full disk by an error that says neither that nor which.
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(plain))  # type: ignore[no-untyped-call]
        file.write(plain.data)


def load_arrays(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
