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


def load_arrays(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
