"""What is watched of a training: gradient norms by layer, from those of its parameters, and digests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adapters.protocol import EpochResult
from harness.records.array_types import FloatArray
from harness.records.step_columns import DIGESTS, Watched, columns
from harness.spec.experiment import Experiment


def watch_of(experiment: Experiment) -> tuple[Watched, ...]:
    """What the trainers of an experiment are to watch: for the norms by layer, and the digests."""
    norms: tuple[Watched, ...] = ("gradient_norm", "clipped_norm") if experiment.training.gradient_norms else ()
    return (*norms, *(kind for kind in DIGESTS if experiment.training.digests and kind not in norms))


def watched_of(experiment: Experiment, results: Sequence[EpochResult]) -> dict[str, dict[str, list[float]]]:
    """`gradient_norms`, and `clipped_norms` where there is a clipping; `digests`. What was not asked for is left out.

    The norm of a layer is `sqrt(sum_p ||g_p||**2)` over its trainable parameters p.
    """
    rows = [each.watched for each in results if each.watched is not None]
    if not rows:
        return {}
    names = columns(experiment.model, watch_of(experiment))
    series = dict(zip(names, np.concatenate(rows).astype(np.float64).T, strict=True))
    found = {}
    if experiment.training.gradient_norms:
        found["gradient_norms"] = _by_layer("gradient_norm/", series)
        if experiment.clipping.word() != "none":
            found["clipped_norms"] = _by_layer("clipped_norm/", series)
    if experiment.training.digests:
        found["digests"] = {name: own.tolist() for name, own in series.items() if name.partition("/")[0] in DIGESTS}
    return found


def _by_layer(kind: str, series: dict[str, FloatArray]) -> dict[str, list[float]]:
    owned: dict[str, list[FloatArray]] = {}
    for name, lengths in series.items():
        if name.startswith(kind):
            owned.setdefault(name.removeprefix(kind).rpartition("/")[0], []).append(lengths)
    return {layer: np.sqrt(sum(each * each for each in own)).tolist() for layer, own in owned.items()}
