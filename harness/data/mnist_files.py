"""The four files of MNIST and of Fashion-MNIST: their names, shapes and checksums."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.data import idx
from harness.data.checks import CLASSES, wrong_labels
from harness.data.dataset import DataError
from harness.system.files import FileError, read_bytes


@dataclass(frozen=True)
class Part:
    """One of the four files."""

    key: str
    """What it is called in `mnist.npz`, and in `Dataset`."""
    name: str
    """The file's own name, uncompressed."""
    shape: tuple[int, ...]
    sha256: str | None
    """Of the uncompressed IDX file; that of the gzipped one differs from place to place. None: it is not checked."""
    md5: str | None = None
    """Of the gzipped file, where only that is published."""
    collection: str = "MNIST"

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the file may have, in order of preference; downloads get the first."""
        dotted = self.name.replace("-idx", ".idx")
        return f"{self.name}.gz", self.name, f"{dotted}.gz", dotted

    @property
    def holds_labels(self) -> bool:
        return len(self.shape) == 1

    @property
    def largest(self) -> int:
        """The most bytes that the file may have, compressed or not."""
        return idx.size(self.shape) + idx.SLACK

    def find(self, folder: Path) -> Path | None:
        """The file's path in this folder, or None."""
        return next((folder / name for name in self.names if (folder / name).exists()), None)

    def read(self, path: Path, name: str) -> NDArray[np.uint8]:
        """The values, of `shape`, in the file at `path`.

        Raises DataError, which calls it `name`, unless they are those of the collection.
        """
        try:
            raw = read_bytes(path, self.largest, f"{self.name}, compressed or not,")
        except FileError as error:
            raise DataError(f"{name}: cannot be read: {error}") from None
        return self.decode(raw, name)

    def decode(self, raw: bytes, name: str) -> NDArray[np.uint8]:
        """The values in the bytes of an IDX or IDX.gz file; DataError, which calls it `name`, as for `read`."""
        data = idx.unpack(raw, self.shape, name)
        sentences = wrong_labels(name, idx.values(data, self.shape), CLASSES) if self.holds_labels else []
        if sentences:
            raise DataError(sentences[0])
        digest = hashlib.sha256(data).hexdigest()
        if self.sha256 not in (None, digest):
            raise self._other("SHA-256 of the uncompressed bytes", digest, self.sha256, name)
        digest = hashlib.md5(raw, usedforsecurity=False).hexdigest()
        if self.md5 not in (None, digest):
            raise self._other("MD5 of the gzipped bytes", digest, self.md5, name)
        return idx.values(data, self.shape)

    def _other(self, what: str, digest: str, expected: str | None, name: str) -> DataError:
        return DataError(f"{name}: not {self.collection}, or damaged: {what} is {digest}, expected {expected}")


PARTS = (
    Part(
        key="x_train",
        name="train-images-idx3-ubyte",
        shape=(60_000, 28, 28),
        sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    Part(
        key="y_train",
        name="train-labels-idx1-ubyte",
        shape=(60_000,),
        sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    Part(
        key="x_test",
        name="t10k-images-idx3-ubyte",
        shape=(10_000, 28, 28),
        sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    Part(
        key="y_test",
        name="t10k-labels-idx1-ubyte",
        shape=(10_000,),
        sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)

# Those that Zalando Research states in the README of github.com/zalandoresearch/fashion-mnist.
FASHION_MD5 = {
    "x_train": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "y_train": "25c81989df183df01b3e8a0aad5dffbe",
    "x_test": "bef4ecab320f06d8554ea6380940ec79",
    "y_test": "bb300cfdad3c16e7a12a480ee83cd310",
}
FASHION_PARTS = tuple(
    replace(part, sha256=None, md5=FASHION_MD5[part.key], collection="Fashion-MNIST") for part in PARTS
)

# Files of the same names and form with other content.
OF_ANY_CONTENT = tuple(replace(part, sha256=None) for part in PARTS)
