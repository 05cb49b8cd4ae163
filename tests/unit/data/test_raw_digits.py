"""The second reading of the digits gives the rows that the loaders give, from every form of the files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from made_up_mnist import draw_files, npz_arrays, rows, write_all

from harness.data import load
from harness.data.raw_digits import raw_digits
from harness.spec.data import Mnist, Mnist5k


def test_the_embedded_digits_are_the_loader_s() -> None:
    data = load(Mnist5k(test_size=100))
    images, labels = raw_digits(Mnist5k())
    assert images.shape == (5000, 784)
    assert rows(images, labels) == rows(data.x_train, data.y_train) + rows(data.x_test, data.y_test)


@pytest.mark.parametrize("form", ["plain", "gzipped", "npz"])
@pytest.mark.parametrize("holdout", [0.0, 0.25])
def test_the_rows_of_a_folder(tmp_path: Path, form: str, holdout: float) -> None:
    files, parts = draw_files()
    arrays = npz_arrays(files, parts)
    if form == "npz":
        np.savez(tmp_path / "mnist.npz", **arrays)
    else:
        write_all(tmp_path, files, *([] if form == "plain" else [".gz", gzip.compress]))
    images, labels = raw_digits(Mnist(root=tmp_path, holdout=holdout))
    sets = ["train"] if holdout else ["train", "test"]
    np.testing.assert_array_equal(images, np.concatenate([arrays[f"x_{name}"].reshape(-1, 784) for name in sets]))
    np.testing.assert_array_equal(labels, np.concatenate([arrays[f"y_{name}"] for name in sets]))


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"mnist\.npz"):
        raw_digits(Mnist(root=tmp_path / "gone"))
