"""How TensorFlow makes the recurrent layers."""

from __future__ import annotations

from adapters.setting import Entries, native
from harness.spec import layers as spec

RECURRENT: Entries = {
    spec.SimpleRnn: native("keras.layers.SimpleRNN"),
    spec.Lstm: native("keras.layers.LSTM"),
    spec.Gru: native("keras.layers.GRU"),
}
