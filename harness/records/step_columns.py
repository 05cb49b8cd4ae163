"""The columns that a training records of every step besides its loss and rate, by kind and tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from harness.records.tensor_key import TensorKey
from harness.spec.model import Model
from harness.spec.parameters import Parameter

Watched = Literal["gradient_norm", "clipped_norm", "gradient_projection", "weight_norm", "weight_projection"]
WATCHED: tuple[Watched, ...] = get_args(Watched)
DIGESTS: tuple[Watched, ...] = ("gradient_projection", "weight_projection")


def watched_parameters(model: Model, kind: Watched) -> tuple[Parameter, ...]:
    """The parameters of a kind of column, in the model's order: all for weights, the trainable ones for gradients."""
    of_weights = kind in ("weight_norm", "weight_projection")
    return tuple(p for p in model.parameters() if of_weights or p.trainable)


def columns(model: Model, watch: Sequence[Watched]) -> tuple[TensorKey, ...]:
    """The columns of `EpochResult.watched`, each of a kind and a parameter, kind by kind in the order of `watch`."""
    return tuple(TensorKey(kind, p.name) for kind in watch for p in watched_parameters(model, kind))
