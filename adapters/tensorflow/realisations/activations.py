"""How TensorFlow makes each activation."""

from __future__ import annotations

from adapters.setting import Entries, native
from harness.spec import activations as spec

ACTIVATIONS: Entries = {
    spec.Linear: native("keras.activations.linear"),
    spec.Sigmoid: native("keras.activations.sigmoid"),
    spec.Tanh: native("keras.activations.tanh"),
    spec.Relu: native("keras.activations.relu"),
    spec.Softmax: native("keras.activations.softmax"),
}
