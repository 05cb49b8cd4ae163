"""How MindSpore makes each layer."""

from __future__ import annotations

from adapters.setting import Entries, native
from harness.spec import layers as spec

LAYERS: Entries = {
    spec.Flatten: native("nn.Flatten"),
    spec.Dense: native("nn.Dense"),
}
