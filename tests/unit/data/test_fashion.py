"""Fashion-MNIST: files of MNIST's names and form, whose content is not checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from composing import experiment
from made_up_mnist import draw_files, failure, npz_arrays, write_all

import harness.data.mnist
from harness.data import load
from harness.data.mnist_files import OF_ANY_CONTENT, PARTS
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


def test_a_folder_is_needed() -> None:
    said = failure(Mnist(collection="fashion_mnist"))
    assert said.startswith(
        "data.root: not given; Fashion-MNIST is read from a folder with its files (train-images-idx3"
    )


def test_what_is_wrong_in_a_folder(tmp_path: Path) -> None:
    files, _ = draw_files()  # too few images
    said = failure(Mnist(collection="fashion_mnist", root=write_all(tmp_path, files)))
    assert said.startswith(f"Fashion-MNIST cannot be read from {tmp_path}")
    assert "to download them" not in said


def test_mnist_itself_is_still_checked(tmp_path: Path) -> None:
    files, _ = draw_files()
    assert failure(Mnist(root=write_all(tmp_path, files))).startswith("MNIST cannot be read from")


def test_the_experiment(tmp_path: Path) -> None:
    data = experiment("experiment=lenet5_fashion", f"data.root={tmp_path}").data
    assert data == Mnist(collection="fashion_mnist", root=tmp_path)
