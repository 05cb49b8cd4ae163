"""How TensorFlow makes each metric."""

from __future__ import annotations

from adapters.setting import Entries, composed
from harness.spec import metrics as spec

METRICS: Entries = {
    spec.ZeroOne: composed("1 - keras.metrics.sparse_categorical_accuracy", "Keras counts the right ones"),
}
