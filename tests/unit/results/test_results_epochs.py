"""The records of epochs, put together from two tables of which either may be missing."""

from __future__ import annotations

import math

import pandas as pd

from harness.results.epochs import epochs_from

STEPS = pd.DataFrame(
    {
        "step": [0.0, 1.0, 2.0],
        "epoch": [0.0, 0.0, 1.0],
        "learning_rate": [0.1, 0.1, 0.2],
        "loss": [3.0, 2.0, 1.0],
        "gradient_norm/dense_1": [1.0, 2.0, 3.0],
        "clipped_norm/dense_1": [0.5, 0.5, 0.5],
        "digest/weight_projection/dense_1/bias": [7.0, 8.0, 9.0],
    }
)
EPOCHS = pd.DataFrame(
    {
        "epoch": [0.0, 1.0],
        "test_loss": [0.5, math.nan],
        "test_accuracy": [0.75, math.nan],
        "samples_scored": [20.0, 20.0],
        "samples": [40.0, 20.0],
        "epoch_time_s": [1.5, 2.5],
        "peak_rss_bytes": [1000.0, 2000.0],
    }
)


def test_both_tables() -> None:
    first, second = epochs_from(STEPS, EPOCHS)
    assert (first.epoch, first.losses, first.test_loss, first.test_accuracy) == (0, (3.0, 2.0), 0.5, 0.75)
    assert (first.samples_scored, first.samples, first.epoch_time_s, first.peak_rss_bytes) == (20, 40, 1.5, 1000)
    assert first.gradient_norms == {"dense_1": (1.0, 2.0)}
    assert first.clipped_norms == {"dense_1": (0.5, 0.5)}
    assert first.digests == {"weight_projection/dense_1/bias": (7.0, 8.0)}
    assert (second.losses, second.gradient_norms) == ((1.0,), {"dense_1": (3.0,)})
    assert math.isnan(second.test_loss)
    assert second.test_accuracy is None


def test_without_the_steps() -> None:
    first, second = epochs_from(None, EPOCHS)
    assert (first.losses, second.losses) == ((), ())
    assert (first.gradient_norms, first.digests) == ({}, {})
    assert first.test_accuracy == 0.75


def test_without_the_epochs() -> None:
    first, second = epochs_from(STEPS, None)
    assert (first.losses, second.losses) == ((3.0, 2.0), (1.0,))
    assert math.isnan(first.epoch_time_s)
    assert math.isnan(first.test_loss)
    assert (first.test_accuracy, first.samples, first.samples_scored, first.peak_rss_bytes) == (None, 0, 0, 0)


def test_an_epoch_that_one_table_alone_knows() -> None:
    assert [each.epoch for each in epochs_from(STEPS, EPOCHS.iloc[:1])] == [0, 1]
    assert [each.epoch for each in epochs_from(STEPS.iloc[2:], EPOCHS.iloc[:1])] == [0, 1]


def test_no_table() -> None:
    assert epochs_from(None, None) == ()
