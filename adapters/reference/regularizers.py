"""Each penalty on the kernels, with its gradient by each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.protocol import Array, Parameters, made_by
from harness.spec import regularizers as spec


def penalty(word: spec.Regularizer, kernels: Parameters) -> tuple[Any, dict[str, Array]]:
    return made_by(REGULARIZERS, word, "reference")(word, kernels)


def none(_: spec.NoRegularizer, kernels: Parameters) -> tuple[Any, dict[str, Array]]:
    return 0.0, {}


REGULARIZERS: dict[type[spec.Regularizer], Callable[[Any, Parameters], tuple[Any, dict[str, Array]]]] = {
    spec.NoRegularizer: none,
}
