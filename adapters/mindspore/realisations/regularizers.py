"""How MindSpore makes each penalty."""

from __future__ import annotations

from adapters.setting import Entries, composed, native
from harness.spec import regularizers as spec

HAS_NONE = "MindSpore has none"

REGULARIZERS: Entries = {
    spec.NoRegularizer: native("no operation"),
    spec.L1: composed("abs, sum", HAS_NONE),
    spec.L2: composed("square, sum", HAS_NONE),
    spec.L1L2: composed("abs, square, sum", HAS_NONE),
}
