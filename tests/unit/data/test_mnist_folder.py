"""A folder of MNIST: what it gives, in which form, and all that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.data import idx, mnist
from harness.data.mnist_folder import NPZ, Reading, read_folder

Files = dict[str, bytes]


@pytest.fixture
def arrays(mnist_files: Files) -> dict[str, np.ndarray]:
    return {part.key: part.decode(mnist_files[part.name], part.name) for part in mnist.PARTS}


def read(folder: Path) -> Reading:
    return read_folder(folder, mnist.PARTS)


def save(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / NPZ, **arrays)
    return folder


def test_idx_files(mnist_folder: Path, arrays: dict[str, np.ndarray]) -> None:
    reading = read(mnist_folder)
    assert (reading.form, reading.problems, reading.empty) == ("IDX files", [], False)
    assert {key: value.tobytes() for key, value in reading.arrays.items()} == {
        key: value.tobytes() for key, value in arrays.items()
    }


def test_a_folder_without_any(tmp_path: Path, mnist_files: Files) -> None:
    reading = read(tmp_path)
    assert reading.empty
    assert reading.arrays == {}
    assert len(reading.problems) == 4
    assert reading.problems[0] == (
        "train-images-idx3-ubyte.gz: missing; also looked for as train-images-idx3-ubyte, "
        "train-images.idx3-ubyte.gz, train-images.idx3-ubyte"
    )


def test_one_missing_file_leaves_the_others(mnist_folder: Path) -> None:
    (mnist_folder / "t10k-labels-idx1-ubyte.gz").unlink()
    reading = read(mnist_folder)
    assert not reading.empty
    assert set(reading.arrays) == {"x_train", "y_train", "x_test"}
    (problem,) = reading.problems
    assert problem.startswith("t10k-labels-idx1-ubyte.gz: missing")


def test_an_archive_is_read_where_idx_files_are_missing(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    reading = read(save(tmp_path, arrays))
    assert (reading.form, reading.problems) == (NPZ, [])
    assert {key: value.tolist() for key, value in reading.arrays.items()} == {
        key: value.tolist() for key, value in arrays.items()
    }


def test_complete_idx_files_come_before_an_archive(mnist_folder: Path) -> None:
    (mnist_folder / NPZ).write_bytes(b"no archive")
    assert (read(mnist_folder).form, read(mnist_folder).problems) == ("IDX files", [])


def test_wider_labels_and_a_channel_lose_nothing(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    changed = {
        key: value.astype(np.int64) if value.ndim == 1 else value[..., np.newaxis] for key, value in arrays.items()
    }
    assert read(save(tmp_path, changed)).problems == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda a: a.astype(np.float32) / 255,
            "mnist.npz, x_test: float32 of shape (20, 28, 28), expected whole numbers",
        ),
        (lambda a: a.astype(np.int16) + 1, "mnist.npz, x_test: "),
        (lambda a: a[:-1], "mnist.npz, x_test: uint8 of shape (19, 28, 28), expected whole numbers 0 to 255 of shape"),
        (lambda a: a.astype(np.float64) * np.nan, "mnist.npz, x_test: nan in sample 0, and in 19 more"),
        (lambda a: a[::-1], "mnist.npz, x_test: not MNIST, or damaged: SHA-256 of the uncompressed bytes is "),
        (lambda a: a.astype(object), "mnist.npz, x_test: cannot be read: "),
    ],
)
def test_an_array_that_is_not_mnists(tmp_path: Path, arrays: dict[str, np.ndarray], change, told: str) -> None:
    reading = read(save(tmp_path, {**arrays, "x_test": change(arrays["x_test"])}))
    (problem,) = reading.problems
    assert problem.startswith(told)
    assert "x_test" not in reading.arrays
    assert len(reading.arrays) == 3


def test_an_archive_without_a_member(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    del arrays["y_train"]
    (problem,) = read(save(tmp_path, arrays)).problems
    assert problem == "mnist.npz, y_train: missing; the archive holds x_train, x_test, y_test"


def test_a_bare_array_in_place_of_an_archive(tmp_path: Path, mnist_files: Files) -> None:
    with (tmp_path / NPZ).open("wb") as file:
        np.save(file, np.zeros(3))
    (problem,) = read(tmp_path).problems
    assert problem == "mnist.npz: cannot be read as an .npz archive: it holds one bare array"


def test_what_is_checked_of_an_array_is_the_file_it_would_be(arrays: dict[str, np.ndarray], mnist_files: Files) -> None:
    """One checksum for every form: the IDX header and the bytes."""
    part = mnist.PARTS[3]
    written = idx.header(part.shape) + arrays[part.key].tobytes()
    assert written == mnist_files[part.name]
