"""A user's own loss, optimizer and schedule in TensorFlow."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from adapters.protocol import FloatArray
from adapters.setting import Setting
from adapters.tensorflow.specifics.precision import default_precision
from adapters.user_data import MisfitError
from adapters.user_words import called, function_of, location, loss_function, rates_of, takes
from harness.spec.own import OwnLoss, OwnOptimizer, OwnSchedule

Optimizers = (keras.optimizers.Optimizer,)


def own_loss(word: OwnLoss, setting: Setting) -> Any:
    """The function from outputs and targets, as they are, to the loss. It is called as `loss(targets, outputs)`."""
    with default_precision(setting.precision):  # a loss of Keras casts to the precision in which it was made
        return OwnLossFunction(word)


def own_rates(word: OwnSchedule, horizon: int, setting: Setting) -> FloatArray:
    """The rates of the first `horizon` updates, (horizon,)."""
    return rates_of(word, horizon, _rate_at)


def own_optimizer(word: OwnOptimizer, parameters: dict[str, Any], rate: Any) -> Any:
    """The update by the user's optimizer, which takes the gradients in the order of the parameters.

    The function is called without arguments or, if it has a parameter `learning_rate`, with the rate.
    """
    function, needed = function_of(word)
    variables = list(parameters.values())
    named = {"learning_rate": rate} if takes(function, "learning_rate") and rate is not None else {}
    if needed - len(named) > 0:
        raise MisfitError(
            f"{location(word)} needs {needed} arguments; it is called without any, or with learning_rate if it takes "
            "that"
        )
    made = called(word, function, **named)
    if not isinstance(made, Optimizers):
        raise MisfitError(f"{location(word)} returned {type(made).__name__}, not an optimizer of Keras")
    return OwnUpdate(made, variables, word)


class OwnLossFunction:
    """The user's loss as a function of outputs and targets. Losses by sample are averaged, as `compile` does."""

    def __init__(self, word: OwnLoss) -> None:
        self.word, self.inner = word, loss_function(word)

    def __call__(self, outputs: Any, y: Any) -> Any:
        return tf.reduce_mean(self.inner(y, outputs))


class OwnUpdate:
    """The user's optimizer, given the gradients in the order of the parameters."""

    def __init__(self, inner: Any, variables: list[Any], word: OwnOptimizer) -> None:
        self.inner, self.variables, self.word = inner, variables, word
        inner.build(variables)

    def __call__(self, gradients: Any) -> Any:
        self.inner.apply(gradients, self.variables)


def _rate_at(schedule: Any, step: int) -> Any:
    return schedule(step)
