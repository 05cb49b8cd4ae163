"""Rules on the table of steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.records.step_columns import DIGESTS, Watched, columns
from harness.records.tensor_key import TensorKey
from harness.results.plausible.left import Left, first_row
from harness.spec.experiment import Experiment

UNEXPLAINED = "and no judged step explains it"
BELOW = "below 0, which this loss cannot be"
ROUNDING = 1e-3  # a loss of 0 may be rounded to a value this far below 0
NORMS = ("gradient_norm", "clipped_norm", "digest/weight_norm")


def rates_are_finite(records: Left) -> Iterator[str]:
    rates = np.asarray(records.trace.learning_rates, np.float64)
    yield from first_row(~np.isfinite(rates), rates, "learning_rate", "which no schedule gives")


def losses_are_explained(records: Left) -> Iterator[str]:
    yield from _unexplained(records, records.losses, "loss")


def losses_are_in_range(records: Left) -> Iterator[str]:
    if records.has_nonnegative_loss:
        yield from first_row(records.losses < -ROUNDING, records.losses, "loss", BELOW)


def watched_values(records: Left) -> Iterator[str]:
    for name, values in records.arm.columns.items():
        yield from _unexplained(records, values, name)
        if name.startswith(NORMS):
            yield from first_row(values < 0, values, name, "and a norm is never below 0")


def watched_columns(records: Left) -> Iterator[str]:
    """The columns must be exactly those that the experiment asks for."""
    if not len(records.losses):
        return
    expected, recorded = _columns_of(records.experiment), list(records.arm.columns)
    yield from (f"has no column {name}" for name in expected if name not in recorded)
    yield from (f"has a column {name}, which nobody was to record" for name in recorded if name not in expected)


def steps_of_each_epoch(records: Left) -> Iterator[str]:
    counts = [len(epoch.losses) for epoch in records.epochs]
    if records.drawn is not None:
        size = records.drawn.batch_size
        planned = [-(-len(order) // size) for order in records.drawn.orders[: len(counts)]]
    else:  # the last epoch alone may be cut by max_steps
        planned = [counts[0]] * (len(counts) - 1) + [min(counts[0], counts[-1])] if counts else []
    for number, (count, of_plan) in enumerate(zip(counts, planned, strict=False)):
        if count != of_plan:
            yield f"epoch {number} has {count} steps, and {of_plan} were planned"
            return


def steps_of_the_run(records: Left) -> Iterator[str]:
    planned, count = records.planned.get("steps"), len(records.losses)
    if type(planned) is int and (count > planned or (records.trace.finished and count < planned)):
        yield f"has {count} steps, and {planned} were planned"


def _unexplained(records: Left, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], name: str) -> Iterator[str]:
    if not records.diverged:
        unjudged = np.arange(len(values)) >= records.judged
        yield from first_row(unjudged & ~np.isfinite(values), values, name, UNEXPLAINED)


def _columns_of(experiment: Experiment) -> list[str]:
    """The columns of a training in addition to those of every training; see `harness.worker.norms`."""
    training, clips = experiment.training, experiment.clipping.word() != "none"
    norms: tuple[Watched, ...] = ("gradient_norm", "clipped_norm") if clips else ("gradient_norm",)
    names = (
        [TensorKey(column.kind, column.layer) for column in columns(experiment.model, norms)]
        if training.gradient_norms
        else []
    )
    digests = [f"digest/{column}" for column in columns(experiment.model, DIGESTS)] if training.digests else []
    return list(dict.fromkeys([*names, *digests]))
