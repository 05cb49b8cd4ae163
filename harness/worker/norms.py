"""The series that a training records of every step: gradient norms by layer, and digests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from adapters.protocol import EpochResult
from harness.records.array_types import FloatArray
from harness.records.series import Series
from harness.records.step_columns import DIGESTS, Watched, columns
from harness.records.tensor_key import TensorKey
from harness.spec.experiment import Experiment


def watch_of(experiment: Experiment) -> tuple[Watched, ...]:
    """The series that the trainers of an experiment record: for the norms by layer, and the digests."""
    norms: tuple[Watched, ...] = ("gradient_norm", "clipped_norm") if experiment.training.gradient_norms else ()
    return (*norms, *(kind for kind in DIGESTS if experiment.training.digests and kind not in norms))


def watched_of(experiment: Experiment, results: Sequence[EpochResult]) -> dict[str, dict[str, Series]]:
    """`gradient_norms`, and `clipped_norms` where there is a clipping; `digests`. What was not asked for is left out.

    The norm of a layer is `sqrt(sum_p ||g_p||**2)` over its trainable parameters p.
    """
    rows = [result.watched for result in results if result.watched is not None]
    if not rows:
        return {}
    names = columns(experiment.model, watch_of(experiment))
    series = dict(zip(names, np.concatenate(rows).astype(np.float64).T, strict=True))
    watched = {}
    if experiment.training.gradient_norms:
        watched["gradient_norms"] = _by_layer("gradient_norm", series)
        if experiment.clipping.word() != "none":
            watched["clipped_norms"] = _by_layer("clipped_norm", series)
    if experiment.training.digests:
        watched["digests"] = {key: Series(values) for key, values in series.items() if key.kind in DIGESTS}
    return watched


def _by_layer(kind: Watched, series: Mapping[TensorKey, FloatArray]) -> dict[str, Series]:
    """The norms of each layer at every step, from those of its parameters that are of this kind."""
    norms_by_layer: dict[str, list[FloatArray]] = {}
    for key, lengths in series.items():
        if key.kind == kind:
            norms_by_layer.setdefault(key.layer, []).append(lengths)
    return {layer: Series(np.sqrt(sum(norm * norm for norm in norms))) for layer, norms in norms_by_layer.items()}
