"""How TensorFlow makes attention and the embedding of positions."""

from __future__ import annotations

from typing import Any

from adapters.setting import Entries, Realisation, Setting, composed, native
from harness.spec import layers as spec


def _multi_head_attention(word: Any, setting: Setting) -> Realisation:
    name = "keras.layers.MultiHeadAttention"
    if word.dropout and setting.half:
        reason = "it draws its own masks, and with dropout computes its softmax in 16 bits, without it in float32"
        return composed(f"{name}, its dropout by a mask, its softmax in float32", reason)
    if word.dropout:
        return composed(f"{name}, its dropout by a mask", "it draws its own masks")
    if word.scale is not None:
        return composed(f"{name}, its factor replaced", "it has no argument for the factor")
    if setting.precision == "float64":
        return composed(f"{name}, its factor in float64", "it rounds its factor to float32")
    return native(name)


ATTENTION: Entries = {
    spec.MultiHeadAttention: _multi_head_attention,
    spec.PositionEmbedding: composed("x + embeddings", "Keras has no such class"),
}
