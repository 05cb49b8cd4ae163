"""The penalties on the kernels, each with its gradient by every kernel, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters, made_by
from adapters.reference.draws import summed
from harness.spec import regularizers as spec

PenaltyAndSlopes = tuple[Any, dict[str, Array]]


def penalty(word: spec.Regularizer, kernels: Parameters) -> PenaltyAndSlopes:
    return made_by(REGULARIZERS, word, "reference")(word, kernels)


def none(_: spec.NoRegularizer, kernels: Parameters) -> PenaltyAndSlopes:
    return 0.0, {}


def l1(s: spec.L1, kernels: Parameters) -> PenaltyAndSlopes:
    slopes = {name: w.dtype.type(s.l1) * np.sign(w) for name, w in kernels.items()}
    return _total(s.l1, [summed(np.abs(w)) for w in kernels.values()]), slopes


def l2(s: spec.L2, kernels: Parameters) -> PenaltyAndSlopes:
    slopes = {name: w.dtype.type(2 * s.l2) * w for name, w in kernels.items()}
    return _total(s.l2, [summed(w * w) for w in kernels.values()]), slopes


def l1_l2(s: spec.L1L2, kernels: Parameters) -> PenaltyAndSlopes:
    absolute, squared = l1(spec.L1(l1=s.l1), kernels), l2(spec.L2(l2=s.l2), kernels)
    return absolute[0] + squared[0], {name: absolute[1][name] + squared[1][name] for name in kernels}


def _total(factor: float, sums: list[Any]) -> Any:
    added = np.array(sums).sum(axis=0)
    return added.dtype.type(factor) * added


REGULARIZERS: dict[type[spec.Regularizer], Callable[[Any, Parameters], PenaltyAndSlopes]] = {
    spec.NoRegularizer: none,
    spec.L1: l1,
    spec.L2: l2,
    spec.L1L2: l1_l2,
}
