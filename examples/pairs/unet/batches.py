"""Made-up images with a class for every pixel: below, within and above a band."""

import numpy as np


def images():
    rng = np.random.default_rng(0)
    while True:
        top = rng.integers(2, 9, 8)
        rows = np.arange(16)
        y = (rows >= top[:, None]).astype(int) + (rows >= top[:, None] + 5)
        y = np.repeat(y[:, :, None], 16, axis=2)
        x = y[..., None] + rng.normal(0, 0.3, (8, 16, 16, 1))
        yield x.astype(np.float32), y.astype(np.int32)
