"""From the spec of a data set to its arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.data.dataset import DataError, Dataset
from harness.data.embedded import load_mnist5k
from harness.data.generated import load_polynomial, load_sales
from harness.data.images import as_targets
from harness.data.mnist import load_mnist
from harness.spec.data import Data, Mnist, Mnist5k, Mnist5kImages, MnistImages, Polynomial, Sales

# Each loader takes its own class of spec; a dict's type cannot say so, hence the Any.
LOADERS: dict[type[Data], Callable[[Any], Dataset]] = {
    Mnist5k: load_mnist5k,
    Mnist: load_mnist,
    Mnist5kImages: lambda spec: as_targets(load_mnist5k(spec.digits)),
    MnistImages: lambda spec: as_targets(load_mnist(spec.digits)),
    Sales: load_sales,
    Polynomial: load_polynomial,
}


def load(spec: Data) -> Dataset:
    """Reads the data set that `spec` describes; DataError, with a message for the user, where it cannot be read."""
    loader = LOADERS.get(type(spec))
    if loader is None:
        words = ", ".join(sorted(cls.word() for cls in LOADERS))
        raise DataError(
            f"No loader for a data set of class {type(spec).__name__}; there are loaders for: {words}. "
            "Add one to harness.data.loading.LOADERS."
        )
    return loader(spec)
