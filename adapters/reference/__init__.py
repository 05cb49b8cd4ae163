"""The oracle: NumPy, float64, written from the formulas and from neither framework.

In float32 it is not an oracle: it shows the error of float32 arithmetic alone, from which the tolerances are derived.
"""

from adapters.info import AdapterInfo
from adapters.protocol import Adapter
from adapters.reference.realisations import ENTRIES
from harness.spec.arm import Arm


def create(arm: Arm) -> Adapter:
    from adapters.reference.adapter import ReferenceAdapter

    return ReferenceAdapter(arm)


INFO = AdapterInfo(
    title="NumPy",
    distribution="numpy",
    modes=("numpy",),
    entries=ENTRIES,
    create=create,
    packages=("numpy",),
    is_oracle=True,
)
