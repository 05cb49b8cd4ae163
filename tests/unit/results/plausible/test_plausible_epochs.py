"""What cannot be of the table of epochs, rule by rule."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from left_records import Build, left
from made_up_traces import epoch

from harness.results.plausible import epochs

VALUES = {"data": "sales", "loss": "mean_squared_error", "training": {"epochs": 2, "batch_size": 8}}
VALUES |= {"model": {"input": {"shape": [2]}, "layers": [{"kind": "dense", "units": 1, "kernel_initializer": "zeros"}]}}


def with_epochs(experiment: Any, *changed: dict[str, Any]) -> Any:
    records = tuple(epoch(n, (1.0, 0.5)).model_copy(update=fields) for n, fields in enumerate(changed))
    return left(experiment, trace={"epochs": records})


@pytest.mark.parametrize(
    ("accuracy", "told"),
    [
        (0.5, None),
        (0.0, None),
        (1.0, None),
        (np.float64(np.float32(0.915)), None),  # averaged in float32
        (1.1, "test_accuracy is 1.1, which is not from 0 to 1"),
        (None, "test_accuracy is nan, which is not from 0 to 1"),
        (0.91551, "test_accuracy is 0.91551, which is no whole number of the samples scored"),
    ],
)
def test_an_accuracy_is_a_share_of_what_was_scored(experiment_of: Build, accuracy: Any, told: str | None) -> None:
    found = list(epochs.accuracies(with_epochs(experiment_of(), {"test_accuracy": accuracy, "samples_scored": 1000})))
    assert found == ([] if told is None else [f"row 0: {told}"])


def test_values_have_no_accuracy(experiment_of: Build) -> None:
    experiment = experiment_of(**VALUES)
    assert list(epochs.accuracies(with_epochs(experiment, {"test_accuracy": None}))) == []
    (told,) = epochs.accuracies(with_epochs(experiment, {"test_accuracy": 0.5}))
    assert told == "row 0: test_accuracy is 0.5, and values are predicted, not classes"


@pytest.mark.parametrize(("samples", "is_told"), [(20, False), (11, False), (21, True), (10, True)])
def test_as_many_samples_as_steps_take(experiment_of: Build, samples: int, is_told: bool) -> None:
    """Two steps of 10, the last of which may be short."""
    told = list(epochs.samples_seen(with_epochs(experiment_of(), {"samples": samples})))
    assert bool(told) is is_told


def test_every_epoch_scores_the_whole_test_set(experiment_of: Build) -> None:
    same = with_epochs(experiment_of(), {"samples_scored": 20}, {"samples_scored": 20})
    other = with_epochs(experiment_of(), {"samples_scored": 20}, {"samples_scored": 19})
    none = with_epochs(experiment_of(), {"samples_scored": 0})
    assert list(epochs.samples_scored(same)) == []
    assert len(list(epochs.samples_scored(other))) == len(list(epochs.samples_scored(none))) == 1


def test_a_mean_loss_is_the_mean_of_the_losses(experiment_of: Build) -> None:
    def told(*means: float) -> list[str]:
        one = left(experiment_of(), ((1.0, 0.5), (math.nan, 1.0)), train_losses=np.asarray(means))
        return list(epochs.mean_losses(one))

    assert told(0.75, math.nan) == []
    assert told(0.5, math.nan) == ["row 0: train_loss is 0.5, which is not the mean of that epoch's losses"]
    assert told(0.75, 1.0) == ["row 1: train_loss is 1, which is not the mean of that epoch's losses"]
    assert told(0.75) == []  # a table of another length has a rule of its own


@pytest.mark.parametrize(
    ("seconds", "is_told"), [(1e-6, False), (7200, False), (7201, True), (0, True), (math.nan, True)]
)
def test_an_epoch_takes_time_and_no_more_than_its_limit(experiment_of: Build, seconds: float, is_told: bool) -> None:
    told = list(epochs.times(with_epochs(experiment_of(), {"epoch_time_s": seconds})))
    assert bool(told) is is_told
    assert all(each.endswith("and the arm's time limit is 3600 s") for each in told)


@pytest.mark.parametrize(("size", "is_told"), [(0, False), (1 << 40, False), (1 << 50, True), (-1, True)])
def test_memory(experiment_of: Build, size: int, is_told: bool) -> None:
    assert bool(list(epochs.memory(with_epochs(experiment_of(), {"peak_rss_bytes": size})))) is is_told


def test_a_test_loss_that_nothing_explains(experiment_of: Build) -> None:
    (told,) = epochs.test_losses_are_explained(with_epochs(experiment_of(), {}, {"test_loss": math.nan}))
    assert told == "row 1: test_loss is nan, and no judged step explains it"
    diverged = {"losses": (math.nan, 1.0), "test_loss": math.nan}
    assert list(epochs.test_losses_are_explained(with_epochs(experiment_of(), diverged))) == []


@pytest.mark.parametrize(
    ("planned", "finished", "is_told"), [(2, True, False), (3, True, True), (3, False, False), (1, False, True)]
)
def test_as_many_epochs_as_were_planned(experiment_of: Build, planned: int, finished: bool, is_told: bool) -> None:
    one = left(experiment_of(), trace={"finished": finished}, planned={"epochs": planned})
    assert list(epochs.epochs_of_the_run(one)) == ([f"has 2 epochs, and {planned} were planned"] if is_told else [])
