"""How MindSpore makes each activation."""

from __future__ import annotations

from adapters.setting import Entries, native
from harness.spec import activations as spec

ACTIVATIONS: Entries = {
    spec.Linear: native("no operation"),
    spec.Sigmoid: native("ops.sigmoid"),
    spec.Tanh: native("ops.tanh"),
    spec.Relu: native("ops.relu"),
    spec.Softmax: native("ops.softmax"),
}
