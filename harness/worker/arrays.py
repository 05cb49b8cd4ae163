"""Arrays between processes: named, in an .npz file that is complete or not there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    partial = path.with_suffix(".partial.npz")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    partial.replace(path)


def load_arrays(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
