"""The oracle of a spec: the NumPy reference in float64, which can always say who is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from harness.judging.tolerances import Excuse, Tolerance
from harness.oracles.oracle import Expected
from harness.records.array_types import Array

# Of a tensor and its ordinary tolerance: what the ledger makes of that, asked where it is exceeded.
Excusing = Callable[[str, Tolerance], Callable[[], Excuse | None]]


@dataclass(frozen=True)
class Reference:
    """`values`: of every tensor what the reference computes in float64. `tolerances`: by arm, then by tensor.

    `excuses`: by arm, where the ledger may know of its errors.
    """

    values: Mapping[str, Array]
    tolerances: Mapping[str, Mapping[str, Tolerance]]
    excuses: Mapping[str, Excusing] = field(default_factory=dict)

    def expected(self, tensor: str) -> Expected:
        tolerances = {arm: of_arm[tensor] for arm, of_arm in self.tolerances.items()}
        excuses = {arm: excusing(tensor, tolerances[arm]) for arm, excusing in self.excuses.items()}
        return Expected(np.asarray(self.values[tensor], np.float64), tolerances, excuses)
