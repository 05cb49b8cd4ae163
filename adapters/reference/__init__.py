"""The oracle: NumPy, float64, written from the formulas and from neither framework.

In float32 it is no oracle: it shows what float32 arithmetic alone does to the formula, which is where the
tolerances come from.
"""

from adapters.protocol import Adapter
from adapters.reference.realisations import ENTRIES
from harness.spec.arm import Arm

DISTRIBUTION = "numpy"
MODES = ("numpy",)


__all__ = ["DISTRIBUTION", "ENTRIES", "MODES", "create"]


def create(arm: Arm) -> Adapter:
    from adapters.reference.adapter import ReferenceAdapter

    return ReferenceAdapter(arm)
