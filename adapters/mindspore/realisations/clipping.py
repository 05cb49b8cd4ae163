"""How MindSpore makes each clipping."""

from __future__ import annotations

from adapters.setting import Entries, Realisation, Setting, composed, native
from harness.spec import clipping as spec

ADDS_TO_NORM = "the native one adds 1e-6 to the norm"
FLOAT64_LOST = "the native one takes its bound in float32"


def by_global_norm(_: spec.ByGlobalNorm, setting: Setting) -> Realisation:
    """Composed in float64, else native."""
    if setting.precision == "float64":
        return composed("square, sum, sqrt", FLOAT64_LOST)
    return native("ops.clip_by_global_norm")


CLIPPINGS: Entries = {
    spec.NoClipping: native("no operation"),
    spec.ByValue: native("ops.clip_by_value"),
    spec.ByNorm: composed("square, sum, sqrt", ADDS_TO_NORM),
    spec.ByGlobalNorm: by_global_norm,
}
