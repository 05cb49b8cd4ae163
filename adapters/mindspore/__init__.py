"""Specs as MindSpore objects. Each file here has a twin of the same name, laid out alike, in `adapters/tensorflow`.

`create` imports MindSpore; nothing before it does.
"""

from adapters.mindspore.realisations import ENTRIES
from adapters.protocol import Adapter
from harness.spec.arm import Arm

DISTRIBUTION = "mindspore"
MODES = ("jit", "pynative")


__all__ = ["DISTRIBUTION", "ENTRIES", "MODES", "create"]


def create(arm: Arm) -> Adapter:
    from adapters.mindspore.adapter import MindSporeAdapter

    return MindSporeAdapter(arm)
