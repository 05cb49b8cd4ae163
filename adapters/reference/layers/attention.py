"""Attention over the steps of a sequence, and the embedding of positions."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.activations import activate
from adapters.reference.layers.base import Applied
from adapters.reference.rounding import cast, rounded
from harness.spec.activations import Softmax
from harness.spec.model import PlacedLayer

# A masked score is as low as in Keras: far below any other, and finite, so that no difference of two is NaN.
LOWEST = -0.7
PROJECTED = ("query", "key", "value")


def multi_head_attention(
    placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool
) -> Applied:
    word: Any = placed.layer
    (steps, features), heads = placed.input_shape, word.heads
    draws = weights["query_kernel"].shape[:-3]
    rows = x.reshape(*draws, -1, features)
    kernels = {role: _matrix(weights[f"{role}_kernel"], 1) for role in PROJECTED}

    def projected(role: str) -> Array:
        z = rounded(rows @ kernels[role])
        if word.use_bias:
            z = rounded(z + _joined(weights[f"{role}_bias"], 2)[..., None, :])
        return z.reshape(len(x), steps, heads, -1).swapaxes(1, 2)  # (N, heads, steps, size)

    query, key, value = (projected(role) for role in PROJECTED)
    scale = x.dtype.type(word.factor)
    scores = scale * rounded(query @ key.swapaxes(-1, -2))  # from here to the shares in float32, as in Keras
    allowed = word.allowed(steps)
    if allowed is not None:
        scores = np.where(np.array(allowed, bool), scores, x.dtype.type(LOWEST * np.finfo(x.dtype).max))
    shares, shares_back = activate(Softmax(), scores)
    shares = rounded(shares)
    keep = cast(noise["mask"] / x.dtype.type(1 - word.dropout)) if training and word.dropout else None
    kept = shares if keep is None else rounded(shares * keep)
    context = rounded(kept @ value).swapaxes(1, 2).reshape(*rows.shape[:-1], -1)
    out_kernel = _matrix(weights["output_kernel"], 2)
    y = rounded(context @ out_kernel)
    if word.use_bias:
        y = y + weights["output_bias"][..., None, :]

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        upstream = dy.reshape(y.shape)
        gradients = {"output_kernel": context.swapaxes(-1, -2) @ upstream}
        if word.use_bias:
            gradients["output_bias"] = upstream.sum(axis=-2)
        by_context = rounded(upstream @ out_kernel.swapaxes(-1, -2))
        by_head = by_context.reshape(len(x), steps, heads, -1).swapaxes(1, 2)
        by_kept = rounded(by_head @ value.swapaxes(-1, -2))
        by_shares = by_kept if keep is None else rounded(by_kept * keep)
        by_scores = rounded(scale * shares_back(by_shares)[0])
        by_projection = {
            "query": by_scores @ key,
            "key": by_scores.swapaxes(-1, -2) @ query,
            "value": kept.swapaxes(-1, -2) @ by_head,
        }
        dx = np.zeros_like(rows)
        for role, by_heads in by_projection.items():
            dz = rounded(by_heads).swapaxes(1, 2).reshape(*rows.shape[:-1], -1)
            gradients[f"{role}_kernel"] = rows.swapaxes(-1, -2) @ dz
            if word.use_bias:
                gradients[f"{role}_bias"] = dz.sum(axis=-2)
            dx = rounded(dx + rounded(dz @ kernels[role].swapaxes(-1, -2)))
        return dx.reshape(x.shape), {name: value.reshape(weights[name].shape) for name, value in gradients.items()}

    return Applied(y.reshape(x.shape), pullback)


def position_embedding(
    placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool
) -> Applied:
    embeddings = weights["embeddings"]
    draws = embeddings.shape[:-2]
    shape = (*draws, -1, *placed.input_shape)
    y = (x.reshape(shape) + embeddings[..., None, :, :]).reshape(x.shape)
    return Applied(y, lambda dy: (dy, {"embeddings": dy.reshape(shape).sum(axis=-3)}))


def _matrix(kernel: Array, rows: int) -> Array:
    """A kernel of all heads as a matrix, whose rows are the first `rows` of its three axes."""
    draws, shape = kernel.shape[:-3], kernel.shape[-3:]
    height = int(np.prod(shape[:rows]))
    return kernel.reshape(*draws, height, -1)


def _joined(bias: Array, axes: int) -> Array:
    """The last `axes` axes as one."""
    return bias.reshape(*bias.shape[: bias.ndim - axes], -1)
