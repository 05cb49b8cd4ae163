"""How TensorFlow makes each clipping."""

from __future__ import annotations

from adapters.setting import Entries, native
from harness.spec import clipping as spec

CLIPPINGS: Entries = {
    spec.NoClipping: native("no operation"),
    spec.ByValue: native("tf.clip_by_value"),
    spec.ByNorm: native("tf.clip_by_norm"),
    spec.ByGlobalNorm: native("tf.clip_by_global_norm"),
}
