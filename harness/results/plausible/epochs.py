"""Rules on the table of epochs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.results.plausible.left import Left, first_row
from harness.results.plausible.steps import BELOW, ROUNDING, UNEXPLAINED

MOST_MEMORY = 1 << 50  # bytes
MOST_TIMEOUTS = 2  # an arm is stopped some time after its time limit
COUNTING = 1e-3  # rounding of accuracy * samples where the accuracy was averaged in float32


def test_losses_are_explained(records: Left) -> Iterator[str]:
    values = records.of_epochs("test_loss")
    if not records.diverged:
        yield from first_row(~np.isfinite(values), values, "test_loss", UNEXPLAINED)
    if records.has_nonnegative_loss:
        yield from first_row(values < -ROUNDING, values, "test_loss", BELOW)


def accuracies(records: Left) -> Iterator[str]:
    values, scored = records.of_epochs("test_accuracy"), records.of_epochs("samples_scored")
    if records.stated.data.classes is None:
        yield from first_row(~np.isnan(values), values, "test_accuracy", "and values are predicted, not classes")
        return
    yield from first_row(~((values >= 0) & (values <= 1)), values, "test_accuracy", "which is not from 0 to 1")
    counted = values * scored
    off = np.abs(counted - np.round(counted)) > COUNTING
    yield from first_row(off, values, "test_accuracy", "which is no whole number of the samples scored")


def samples_scored(records: Left) -> Iterator[str]:
    values = records.of_epochs("samples_scored")
    if records.data is not None:
        count = len(records.data.x_test)
        yield from first_row(values != count, values, "samples_scored", f"and the test set has {count}")
    else:
        misfit = (values < 1) | (values != values[:1])
        yield from first_row(misfit, values, "samples_scored", "and every epoch scores the whole test set")


def samples_seen(records: Left) -> Iterator[str]:
    values = records.of_epochs("samples")
    if records.drawn is not None:
        lengths = [len(order) for order in records.drawn.orders[: len(values)]]
        misfit = values[: len(lengths)] != np.asarray(lengths)
    else:
        steps, size = np.asarray([len(epoch.losses) for epoch in records.epochs]), records.stated.training.batch_size
        misfit = (values > steps * size) | (values <= (steps - 1) * size)
    yield from first_row(misfit, values, "samples", "which is not what that epoch's steps are of")


def mean_losses(records: Left) -> Iterator[str]:
    """`train_loss` must be the mean of the losses of the epoch's steps."""
    values = records.arm.train_losses
    means = np.asarray([sum(epoch.losses) / len(epoch.losses) if epoch.losses else np.nan for epoch in records.epochs])
    if len(values) == len(means):
        misfit = ~((values == means) | (np.isnan(values) & np.isnan(means)))
        yield from first_row(misfit, values, "train_loss", "which is not the mean of that epoch's losses")


def times(records: Left) -> Iterator[str]:
    values, most = records.of_epochs("epoch_time_s"), MOST_TIMEOUTS * records.trace.arm.timeout_s
    misfit = ~((values > 0) & (values <= most))
    yield from first_row(
        misfit, values, "epoch_time_s", f"and the arm's time limit is {records.trace.arm.timeout_s:g} s"
    )


def memory(records: Left) -> Iterator[str]:
    values = records.of_epochs("peak_rss_bytes")
    misfit = ~((values >= 0) & (values < MOST_MEMORY))
    yield from first_row(misfit, values, "peak_rss_bytes", "which no process takes")


def epochs_of_the_run(records: Left) -> Iterator[str]:
    planned, count = records.planned.get("epochs"), len(records.epochs)
    if records.drawn is not None:
        planned = len(records.drawn.orders)
    if type(planned) is int and (count > planned or (records.trace.finished and count < planned)):
        yield f"has {count} epochs, and {planned} were planned"
