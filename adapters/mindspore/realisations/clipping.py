"""How MindSpore makes each clipping."""

from __future__ import annotations

from adapters.setting import Entries, native
from harness.spec import clipping as spec

CLIPPINGS: Entries = {
    spec.NoClipping: native("no operation"),
}
