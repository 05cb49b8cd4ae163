"""Specs as TensorFlow and Keras objects. Each file has a twin, laid out alike, in `adapters/mindspore`.

`create` imports TensorFlow; nothing before it does.
"""

import os

from adapters.protocol import Adapter
from adapters.tensorflow.realisations import ENTRIES
from harness.spec.arm import Arm

DISTRIBUTION = "tensorflow"
MODES = ("graph", "eager", "xla")


__all__ = ["DISTRIBUTION", "ENTRIES", "MODES", "create"]


def create(arm: Arm) -> Adapter:
    os.environ["KERAS_BACKEND"] = "tensorflow"  # Keras reads it once, at its import
    if arm.layout == "channels_first":
        # On a CPU these kernels are oneDNN's, which TensorFlow uses by itself on some processors and not on others.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    from adapters.tensorflow.adapter import TensorFlowAdapter

    return TensorFlowAdapter(arm)
