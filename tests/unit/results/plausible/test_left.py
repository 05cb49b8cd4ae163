"""What the rules look at, and the sentence that they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from left_records import Build, left
from made_up_traces import arm, epoch

from harness.results.plausible.left import first_row


def test_a_sentence_on_the_first_row_and_how_many_there_are() -> None:
    values = np.array([0.0, 1.5, 2.5, 3.5])
    assert list(first_row(values > 2, values, "rate", "which is odd")) == [
        "row 2: rate is 2.5, which is odd; so are 1 more rows"
    ]
    assert list(first_row(values > 3, values, "rate", "which is odd")) == ["row 3: rate is 3.5, which is odd"]
    assert list(first_row(values > 9, values, "rate", "which is odd")) == []
    assert list(first_row([], [], "rate", "which is odd")) == []


def test_a_column_of_epochs_has_nan_where_there_is_nothing(experiment_of: Build) -> None:
    epochs = (epoch(0, (1.0,)), epoch(1, (1.0,)).model_copy(update={"test_accuracy": None}))
    column = left(experiment_of(), trace={"epochs": epochs}).of_epochs("test_accuracy")
    assert column[0] == 0.5
    assert math.isnan(column[1])


@pytest.mark.parametrize(
    ("losses", "diverged"), [((1.0, 1.0, 1.0), False), ((1.0, math.inf, 1.0), True), ((1.0, 1.0, math.nan), False)]
)
def test_a_training_has_diverged_where_a_judged_step_has(
    experiment_of: Build, losses: tuple[float, ...], diverged: bool
) -> None:
    one = left(experiment_of(comparison={"free_steps": 2}), (losses,))
    assert one.judged == 2
    assert one.diverged is diverged


def test_an_arms_own_words_are_its_experiment(experiment_of: Build) -> None:
    own = arm("one").model_copy(update={"spec": {"loss": "poisson"}})
    one = left(experiment_of(), trace={"arm": own})
    assert (one.stated.loss.word(), one.experiment.loss.word()) == ("softmax_cross_entropy", "poisson")
    assert left(experiment_of()).has_nonnegative_loss
    assert not one.has_nonnegative_loss


def test_words_that_the_experiment_cannot_have_change_nothing(experiment_of: Build) -> None:
    broken = arm("one").model_copy(update={"spec": {"loss": "no such loss"}})
    one = left(experiment_of(), trace={"arm": broken})
    assert one.experiment == one.stated
