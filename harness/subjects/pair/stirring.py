"""Weights with which every part of a model shows in its outputs, for the trials of possible partners.

At a builder's own weights much is silent: embeddings of size 0.01 make the scores of an attention equal whatever its
query and key are, a gamma or a last kernel of 0 hides all that comes before it. Partners that such outputs do not tell
apart have gradients of their own all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from harness.subjects.pair.mapping import Match
from harness.system.array_files import Arrays

OF_VECTORS = 0.5  # the standard deviation that biases, gammas and slopes are moved by
EMBEDDINGS = "embeddings"
SEED = 0


def stirred(weights: Arrays, matches: Sequence[Match]) -> Arrays:
    """The weights by shared name; those that both sides train are moved by normal numbers.

    A kernel's have the variance 1 / (its number of inputs), which keeps the variance of what passes through it (LeCun
    et al., Efficient BackProp, 1998); those of embeddings have the variance 1. What no side trains stays as it is.
    """
    draws = np.random.default_rng(SEED)
    moved = dict(weights)
    for match in matches:
        if match.trainable:
            value = weights[match.name]
            moved[match.name] = (value + draws.normal(0, _scale(match, value.shape), value.shape)).astype(value.dtype)
    return moved


def _scale(match: Match, shape: Sequence[int]) -> float:
    if match.a.role == EMBEDDINGS:
        return 1.0
    return 1 / np.sqrt(max(1, prod(shape[:-1]))) if len(shape) > 1 else OF_VECTORS
