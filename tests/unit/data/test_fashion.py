"""Fashion-MNIST: files of MNIST's names and form, downloaded, or in a folder and not checked."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from composing import experiment
from made_up_mnist import TEST_IMAGES, Server, draw_files, failure, npz_arrays, squeeze, write_all

import harness.data.mnist
from harness.data import download, load
from harness.data.mnist_files import FASHION_PARTS, OF_ANY_CONTENT, PARTS
from harness.spec.data import Mnist


def test_any_content_of_the_right_form_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, parts = draw_files()
    small = tuple(part.__class__(part.key, part.name, part.shape, None) for part in parts)
    monkeypatch.setattr(harness.data.mnist, "OF_ANY_CONTENT", small)
    data = load(Mnist(collection="fashion_mnist", root=write_all(tmp_path / "fashion", files)))
    arrays = npz_arrays(files, parts)
    assert np.array_equal(data.x_train[..., 0], arrays["x_train"])
    assert np.array_equal(data.y_test, arrays["y_test"])


def test_the_form_is_that_of_mnist() -> None:
    assert [(part.name, part.shape, part.sha256) for part in OF_ANY_CONTENT] == [(p.name, p.shape, None) for p in PARTS]


def published(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The gzipped files of a small data set, whose checksums are the published ones."""
    files, parts = draw_files()
    gzipped = {name: squeeze(content) for name, content in files.items()}
    small = [replace(part, sha256=None, collection="Fashion-MNIST") for part in parts]
    monkeypatch.setattr(
        harness.data.mnist,
        "FASHION_PARTS",
        tuple(replace(part, md5=hashlib.md5(gzipped[part.name]).hexdigest()) for part in small),
    )
    return gzipped


def test_it_is_downloaded_and_kept(
    mnist_cache: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(tmp_path / "served", published(monkeypatch), ".gz")
    monkeypatch.setattr(download, "FASHION_MIRRORS", (server.url,))
    first = load(Mnist(collection="fashion_mnist"))
    assert len(server.asked) == 4
    assert load(Mnist(collection="fashion_mnist")).digest == first.digest
    assert len(server.asked) == 4
    assert len(list((mnist_cache.parent / "fashion_mnist").iterdir())) == 4
    assert not mnist_cache.exists()


def test_other_bytes_are_refused(
    mnist_cache: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gzipped = published(monkeypatch)
    other, _ = draw_files()
    write_all(tmp_path / "served", gzipped | {TEST_IMAGES: gzip.compress(other[TEST_IMAGES], 9)}, ".gz")
    monkeypatch.setattr(download, "FASHION_MIRRORS", (server.url,))
    said = failure(Mnist(collection="fashion_mnist"))
    assert said.startswith("Fashion-MNIST cannot be downloaded into")
    assert "not Fashion-MNIST, or damaged: MD5 of the gzipped bytes is" in said


def test_the_checksums_are_of_all_files() -> None:
    assert [(part.name, part.shape) for part in FASHION_PARTS] == [(part.name, part.shape) for part in PARTS]
    assert all(part.sha256 is None and len(str(part.md5)) == 32 for part in FASHION_PARTS)


def test_what_is_wrong_in_a_folder(tmp_path: Path) -> None:
    files, _ = draw_files()  # too few images
    said = failure(Mnist(collection="fashion_mnist", root=write_all(tmp_path, files)))
    assert said.startswith(f"Fashion-MNIST cannot be read from {tmp_path}")
    assert "leave data.root out to download them" in said


def test_mnist_itself_is_still_checked(tmp_path: Path) -> None:
    files, _ = draw_files()
    assert failure(Mnist(root=write_all(tmp_path, files))).startswith("MNIST cannot be read from")


def test_the_experiment(tmp_path: Path) -> None:
    data = experiment("experiment=lenet5_fashion", f"data.root={tmp_path}").data
    assert data == Mnist(collection="fashion_mnist", root=tmp_path)
