"""How TensorFlow makes each layer."""

from __future__ import annotations

from adapters.setting import Entries, native
from harness.spec import layers as spec

LAYERS: Entries = {
    spec.Flatten: native("keras.layers.Flatten"),
    spec.Dense: native("keras.layers.Dense"),
}
