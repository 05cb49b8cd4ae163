"""How MindSpore makes each clipping."""

from __future__ import annotations

from adapters.setting import Entries, Realisation, Setting, composed, native
from harness.spec import clipping as spec

ADDS_TO_NORM = "the native one adds 1e-6 to the norm"
FLOAT64_LOST = "the native one takes its bound in float32"


def by_value(_: spec.ByValue, setting: Setting) -> Realisation:
    return composed("where", FLOAT64_LOST) if setting.precision == "float64" else native("ops.clip_by_value")


CLIPPINGS: Entries = {
    spec.NoClipping: native("no operation"),
    spec.ByValue: by_value,
    spec.ByNorm: composed("square, sum, sqrt", ADDS_TO_NORM),
    spec.ByGlobalNorm: composed("square, sum, sqrt", ADDS_TO_NORM),
}
