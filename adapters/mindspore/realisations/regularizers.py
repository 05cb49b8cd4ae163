"""How MindSpore makes each penalty."""

from __future__ import annotations

from adapters.setting import Entries, native
from harness.spec import regularizers as spec

REGULARIZERS: Entries = {
    spec.NoRegularizer: native("no operation"),
}
