"""How MindSpore makes each metric."""

from __future__ import annotations

from adapters.setting import Entries, composed
from harness.spec import metrics as spec

METRICS: Entries = {
    spec.ZeroOne: composed("ops.argmax, ops.not_equal", "nn.Accuracy counts the right ones, with NumPy on the host"),
}
