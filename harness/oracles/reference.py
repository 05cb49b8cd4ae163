"""The oracle of a spec: the NumPy reference in float64, which can always name the culprit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from harness.judging.tolerances import Excuse, Tolerance
from harness.oracles.oracle import Expected
from harness.records.array_types import Array

# From a tensor's name and its ordinary tolerance: a function that gives the ledger's excuse, called only if the
# tolerance is exceeded.
Excusing = Callable[[str, Tolerance], Callable[[], Excuse | None]]


@dataclass(frozen=True)
class Reference:
    """`values`: by tensor, what the reference computes in float64. `tolerances`: by arm, then by tensor.

    `excuses`: by arm, for arms whose errors the ledger may know.
    """

    values: Mapping[str, Array]
    tolerances: Mapping[str, Mapping[str, Tolerance]]
    excuses: Mapping[str, Excusing] = field(default_factory=dict)

    def expected(self, tensor: str) -> Expected:
        tolerances = {arm: of_arm[tensor] for arm, of_arm in self.tolerances.items()}
        excuses = {arm: excusing(tensor, tolerances[arm]) for arm, excusing in self.excuses.items()}
        return Expected(np.asarray(self.values[tensor], np.float64), tolerances, excuses)
