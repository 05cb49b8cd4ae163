"""What cannot be of the table of epochs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.results.plausible.left import Left, first_row
from harness.results.plausible.steps import BELOW, ROUNDING, UNEXPLAINED

MOST_MEMORY = 1 << 50  # bytes
MOST_TIMEOUTS = 2  # an arm is ended at its time limit, give or take what it takes to notice
COUNTING = 1e-3  # an accuracy that was averaged in float32 is not quite a multiple of one over the samples


def test_losses_are_explained(left: Left) -> Iterator[str]:
    values = left.of_epochs("test_loss")
    if not left.diverged:
        yield from first_row(~np.isfinite(values), values, "test_loss", UNEXPLAINED)
    if left.has_nonnegative_loss:
        yield from first_row(values < -ROUNDING, values, "test_loss", BELOW)


def accuracies(left: Left) -> Iterator[str]:
    values, scored = left.of_epochs("test_accuracy"), left.of_epochs("samples_scored")
    if left.stated.data.classes is None:
        yield from first_row(~np.isnan(values), values, "test_accuracy", "and values are predicted, not classes")
        return
    yield from first_row(~((values >= 0) & (values <= 1)), values, "test_accuracy", "which is not from 0 to 1")
    counted = values * scored
    off = np.abs(counted - np.round(counted)) > COUNTING
    yield from first_row(off, values, "test_accuracy", "which is no whole number of the samples scored")


def samples_scored(left: Left) -> Iterator[str]:
    values = left.of_epochs("samples_scored")
    if left.data is not None:
        count = len(left.data.x_test)
        yield from first_row(values != count, values, "samples_scored", f"and the test set has {count}")
    else:
        wrong = (values < 1) | (values != values[:1])
        yield from first_row(wrong, values, "samples_scored", "and every epoch scores the whole test set")


def samples_seen(left: Left) -> Iterator[str]:
    values = left.of_epochs("samples")
    if left.drawn is not None:
        wanted = [len(order) for order in left.drawn.orders[: len(values)]]
        wrong = values[: len(wanted)] != np.asarray(wanted)
    else:
        steps, size = np.asarray([len(epoch.losses) for epoch in left.epochs]), left.stated.training.batch_size
        wrong = (values > steps * size) | (values <= (steps - 1) * size)
    yield from first_row(wrong, values, "samples", "which is not what that epoch's steps are of")


def mean_losses(left: Left) -> Iterator[str]:
    """`train_loss`, which the steps tell as well."""
    values = left.arm.train_losses
    means = np.asarray([sum(each.losses) / len(each.losses) if each.losses else np.nan for each in left.epochs])
    if len(values) == len(means):
        wrong = ~((values == means) | (np.isnan(values) & np.isnan(means)))
        yield from first_row(wrong, values, "train_loss", "which is not the mean of that epoch's losses")


def times(left: Left) -> Iterator[str]:
    values, most = left.of_epochs("epoch_time_s"), MOST_TIMEOUTS * left.trace.arm.timeout_s
    wrong = ~((values > 0) & (values <= most))
    yield from first_row(wrong, values, "epoch_time_s", f"and the arm's time limit is {left.trace.arm.timeout_s:g} s")


def memory(left: Left) -> Iterator[str]:
    values = left.of_epochs("peak_rss_bytes")
    wrong = ~((values >= 0) & (values < MOST_MEMORY))
    yield from first_row(wrong, values, "peak_rss_bytes", "which no process takes")


def epochs_of_the_run(left: Left) -> Iterator[str]:
    planned, count = left.planned.get("epochs"), len(left.epochs)
    if left.drawn is not None:
        planned = len(left.drawn.orders)
    if type(planned) is int and (count > planned or (left.trace.finished and count < planned)):
        yield f"has {count} epochs, and {planned} were planned"
