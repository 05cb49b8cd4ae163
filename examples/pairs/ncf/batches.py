"""Made-up ratings: users, items, and whether they fit."""

import numpy as np


def ratings():
    rng = np.random.default_rng(0)
    while True:
        users, items = rng.integers(0, 20, 16), rng.integers(0, 30, 16)
        yield (users.astype(np.int32), items.astype(np.int32)), ((users + items) % 2).astype(np.int32)
