"""The data sets whose targets are the images."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data import Dataset, load
from harness.data.inputs import Inputs
from harness.spec.data import Mnist5k, Mnist5kImages
from harness.spec.experiment import Experiment


def held_against(images: Dataset, digits: Dataset) -> None:
    for part in ("train", "test"):
        x, y = getattr(images, f"x_{part}"), getattr(images, f"y_{part}")
        pixels = getattr(digits, f"x_{part}")
        assert x.shape == pixels.shape
        np.testing.assert_array_equal(np.rint(255 * x), pixels)
        np.testing.assert_array_equal(x, x.astype(np.float32))
        for row, column in ((0, 0), (14, 9), (27, 27)):
            np.testing.assert_array_equal(y[:, 28 * row + column], x[:, row, column, 0])
    assert images.classes is None


def test_targets_are_the_images_of_the_same_split() -> None:
    held_against(load(Mnist5kImages(test_size=100, split_seed=3)), load(Mnist5k(test_size=100, split_seed=3)))


def test_an_arm_sees_what_it_is_to_return() -> None:
    spec = Mnist5kImages(test_size=100)
    images = load(spec)
    seen = Inputs(spec, images.x_train, "float32")(images.x_test)
    assert seen.dtype == np.float32
    np.testing.assert_array_equal(seen.reshape(100, -1), images.y_test)


AUTOENCODER = {
    "name": "autoencoder",
    "seed": 0,
    "data": "mnist5k_images",
    "model": {
        "input": {"shape": [28, 28, 1]},
        "layers": [
            {"kind": "conv2d_transpose", "filters": 1, "kernel_size": [3, 3], "padding": "same",
             "kernel_initializer": "he_normal", "activation": "sigmoid"},
            "flatten",
        ],
    },
    "loss": "mean_squared_error",
    "optimizer": "adam",
    "schedule": {"kind": "constant", "rate": 0.01},
    "training": {"epochs": 1, "batch_size": 10},
    "arms": [{"name": "one", "adapter": "reference", "mode": "numpy"}],
}  # fmt: skip


def test_a_model_of_images_ends_in_flatten() -> None:
    experiment = Experiment.model_validate(AUTOENCODER)
    assert experiment.model.output_shape == experiment.data.target_shape
    unflattened = {**AUTOENCODER["model"], "layers": AUTOENCODER["model"]["layers"][:1]}  # type: ignore[dict-item,index]
    with pytest.raises(ValueError, match=r"\(28, 28, 1\).*targets \(784,\)"):
        Experiment.model_validate({**AUTOENCODER, "model": unflattened})
