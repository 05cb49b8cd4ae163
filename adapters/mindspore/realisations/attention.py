"""How MindSpore makes attention and the embedding of positions."""

from __future__ import annotations

from adapters.setting import Entries, composed
from harness.spec import layers as spec

ATTENTION: Entries = {
    spec.MultiHeadAttention: composed(
        "matmul, ops.softmax", "nn.MultiheadAttention has three kernels in one parameter, and draws its own masks"
    ),
    spec.PositionEmbedding: composed("x + embeddings", "MindSpore has no such class"),
}
