"""What cannot be of the table of steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.records.step_columns import DIGESTS, Watched, columns
from harness.results.plausible.left import Left, first_row
from harness.spec.experiment import Experiment

UNEXPLAINED = "and no judged step explains it"
BELOW = "below 0, which this loss cannot be"
ROUNDING = 1e-3  # a loss that is 0 may be rounded to less than that below it
NORMS = ("gradient_norm", "clipped_norm", "digest/weight_norm")


def rates_are_finite(left: Left) -> Iterator[str]:
    rates = np.asarray(left.trace.learning_rates, np.float64)
    yield from first_row(~np.isfinite(rates), rates, "learning_rate", "which no schedule gives")


def losses_are_explained(left: Left) -> Iterator[str]:
    yield from _unexplained(left, left.losses, "loss")


def losses_are_in_range(left: Left) -> Iterator[str]:
    if left.has_nonnegative_loss:
        yield from first_row(left.losses < -ROUNDING, left.losses, "loss", BELOW)


def watched_values(left: Left) -> Iterator[str]:
    for name, values in left.arm.columns.items():
        yield from _unexplained(left, values, name)
        if name.startswith(NORMS):
            yield from first_row(values < 0, values, name, "and a norm is never below 0")


def watched_columns(left: Left) -> Iterator[str]:
    """What was to be recorded of every step, and nothing else."""
    if not len(left.losses):
        return
    wanted, there = _columns_of(left.experiment), list(left.arm.columns)
    yield from (f"has no column {name}" for name in wanted if name not in there)
    yield from (f"has a column {name}, which nobody was to record" for name in there if name not in wanted)


def steps_of_each_epoch(left: Left) -> Iterator[str]:
    counts = [len(epoch.losses) for epoch in left.epochs]
    if left.drawn is not None:
        size = left.drawn.batch_size
        wanted = [-(-len(order) // size) for order in left.drawn.orders[: len(counts)]]
    else:  # the last epoch alone may be cut by max_steps
        wanted = [counts[0]] * (len(counts) - 1) + [min(counts[0], counts[-1])] if counts else []
    for number, (count, of_plan) in enumerate(zip(counts, wanted, strict=False)):
        if count != of_plan:
            yield f"epoch {number} has {count} steps, and {of_plan} were planned"
            return


def steps_of_the_run(left: Left) -> Iterator[str]:
    planned, count = left.planned.get("steps"), len(left.losses)
    if type(planned) is int and (count > planned or (left.trace.finished and count < planned)):
        yield f"has {count} steps, and {planned} were planned"


def _unexplained(left: Left, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], name: str) -> Iterator[str]:
    if not left.diverged:
        late = np.arange(len(values)) >= left.judged
        yield from first_row(late & ~np.isfinite(values), values, name, UNEXPLAINED)


def _columns_of(experiment: Experiment) -> list[str]:
    """The columns that a training leaves besides those of every training; see `harness.worker.norms`."""
    training, clips = experiment.training, experiment.clipping.word() != "none"
    norms: tuple[Watched, ...] = ("gradient_norm", "clipped_norm") if clips else ("gradient_norm",)
    names = [each.rpartition("/")[0] for each in columns(experiment.model, norms)] if training.gradient_norms else []
    digests = [f"digest/{each}" for each in columns(experiment.model, DIGESTS)] if training.digests else []
    return list(dict.fromkeys([*names, *digests]))
