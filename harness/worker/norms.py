"""The series that a training records of every step: gradient norms by layer, and digests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adapters.protocol import EpochResult
from harness.records.array_types import FloatArray
from harness.records.step_columns import DIGESTS, Watched, columns
from harness.spec.experiment import Experiment


def watch_of(experiment: Experiment) -> tuple[Watched, ...]:
    """The series that the trainers of an experiment record: for the norms by layer, and the digests."""
    norms: tuple[Watched, ...] = ("gradient_norm", "clipped_norm") if experiment.training.gradient_norms else ()
    return (*norms, *(kind for kind in DIGESTS if experiment.training.digests and kind not in norms))


def watched_of(experiment: Experiment, results: Sequence[EpochResult]) -> dict[str, dict[str, list[float]]]:
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
        watched["gradient_norms"] = _by_layer("gradient_norm/", series)
        if experiment.clipping.word() != "none":
            watched["clipped_norms"] = _by_layer("clipped_norm/", series)
    if experiment.training.digests:
        watched["digests"] = {
            name: values.tolist() for name, values in series.items() if name.partition("/")[0] in DIGESTS
        }
    return watched


def _by_layer(kind: str, series: dict[str, FloatArray]) -> dict[str, list[float]]:
    """The norms of each layer at every step, from the series of its parameters whose names start with `kind`."""
    norms_by_layer: dict[str, list[FloatArray]] = {}
    for name, lengths in series.items():
        if name.startswith(kind):
            norms_by_layer.setdefault(name.removeprefix(kind).rpartition("/")[0], []).append(lengths)
    return {layer: np.sqrt(sum(norm * norm for norm in norms)).tolist() for layer, norms in norms_by_layer.items()}
