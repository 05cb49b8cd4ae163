"""The real MNIST, where its files are at hand (`TWINRUN_MNIST=DIR`), is read in every form, as what it ought to be."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from made_up_mnist import TEST_LABELS, TRAIN_IMAGES, Server, failure, items, npz_arrays, rows, write_all

from harness.data import Dataset, download, load
from harness.data.mnist_files import PARTS
from harness.spec.data import Mnist

REPOSITORY = Path(__file__).parents[3]
MNIST_DIGEST = "e01a2336dfa29a82d2f956a620da1be7d0b6fdfcadd0a9b2725ffcb8e1274d74"


@pytest.fixture(scope="module")
def real() -> Path:
    """A folder with the four real files, gzipped."""
    given = os.environ.get("TWINRUN_MNIST")
    place = Path(given) if given else REPOSITORY.parent / "shared" / "data" / "mnist"
    if not all((place / f"{part.name}.gz").is_file() for part in PARTS):
        pytest.skip(f"no MNIST files (*-ubyte.gz) in {place}; TWINRUN_MNIST=DIR names a folder that has them")
    return place


@pytest.fixture(scope="module")
def unpacked(real: Path) -> dict[str, bytes]:
    return {part.name: gzip.decompress((real / f"{part.name}.gz").read_bytes()) for part in PARTS}


def test_mnist(real: Path) -> None:
    data = load(Mnist(root=real))
    assert data.x_train.shape == (60_000, 28, 28, 1)
    assert data.x_test.shape == (10_000, 28, 28, 1)
    assert (data.x_train.dtype, data.y_train.dtype) == (np.uint8, np.int32)
    assert data.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(data.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.digest == MNIST_DIGEST


def test_a_fifth_of_the_training_images_held_out(real: Path) -> None:
    whole, data = load(Mnist(root=real)), load(Mnist(root=real, holdout=0.2))
    assert (len(data.x_train), len(data.x_test)) == (48_000, 12_000)
    assert rows(data.x_train, data.y_train) + rows(data.x_test, data.y_test) == rows(whole.x_train, whole.y_train)


def test_mnist_in_every_form(unpacked: dict[str, bytes], tmp_path: Path) -> None:
    assert load(Mnist(root=write_all(tmp_path / "plain", unpacked))).digest == MNIST_DIGEST
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz" / "mnist.npz", **npz_arrays(unpacked, PARTS))
    assert load(Mnist(root=tmp_path / "npz")).digest == MNIST_DIGEST


def test_mnist_with_one_byte_changed(real: Path, unpacked: dict[str, bytes], tmp_path: Path) -> None:
    for part in PARTS[:3]:
        (tmp_path / f"{part.name}.gz").symlink_to((real / f"{part.name}.gz").resolve())
    labels = bytearray(unpacked[TEST_LABELS])
    labels[-1] ^= 1
    (tmp_path / TEST_LABELS).write_bytes(labels)
    (item,) = items(failure(Mnist(root=tmp_path)))
    assert item.startswith(f"{TEST_LABELS}: not MNIST, or damaged")
    assert PARTS[3].sha256 in item


def test_mnist_downloaded_past_a_bad_mirror(
    real: Path, mnist_cache: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "served" / "good").symlink_to(real.resolve())
    (tmp_path / "served" / "bad").mkdir()
    half = (real / f"{TRAIN_IMAGES}.gz").read_bytes()[:5_000_000]
    (tmp_path / "served" / "bad" / f"{TRAIN_IMAGES}.gz").write_bytes(half)
    monkeypatch.setattr(download, "MIRRORS", (f"{server.url}bad/", f"{server.url}good/"))
    assert load(Mnist()).digest == MNIST_DIGEST
    assert server.asked[0] == f"/bad/{TRAIN_IMAGES}.gz"
    assert sorted(path.name for path in mnist_cache.iterdir()) == sorted(f"{part.name}.gz" for part in PARTS)


def test_mnist5k_digits_are_mnist_digits(real: Path, digits: Dataset) -> None:
    full = load(Mnist(root=real))
    whole = rows(full.x_train, full.y_train) + rows(full.x_test, full.y_test)
    assert rows(digits.x_train, digits.y_train) <= whole
