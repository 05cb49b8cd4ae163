"""The whole update in TensorFlow: what becomes of the gradients of every batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from adapters.protocol import made_by
from adapters.setting import Setting
from adapters.tensorflow.clipping import clipping
from adapters.tensorflow.optimizers import Optimizer, optimizer, slots_by_parameter
from harness.spec import accumulation as spec
from harness.spec.recipe import Update


def whole_update(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    """The update on these parameters. Its `apply_gradients` takes a batch's gradients, and returns the clipped ones.

    `horizon`: the number of batches.
    """
    inner = optimizer(update, parameters, horizon, setting)
    clip = clipping(update.clipping, setting)
    make = made_by(ACCUMULATIONS, update.accumulation, "tensorflow")
    return make(update.accumulation, clip, inner, parameters, setting)


def no_accumulation(
    _: spec.NoAccumulation, clip: Any, inner: Optimizer, parameters: dict[str, Any], setting: Setting
) -> Optimizer:
    """An update for every batch."""
    return inner.within(ClippedUpdate(clip, inner.apply_gradients), {}, [])


def mean_of_batches(
    word: spec.MeanOfBatches, clip: Any, inner: Optimizer, parameters: dict[str, Any], setting: Setting
) -> Optimizer:
    """An update for every group of batches, by the mean of their gradients."""
    return accumulated(AccumulatedUpdate(word, word.batches, clip, inner, parameters, setting), inner, parameters)


def sum_of_batches(
    word: spec.SumOfBatches, clip: Any, inner: Optimizer, parameters: dict[str, Any], setting: Setting
) -> Optimizer:
    """An update for every group of batches, by the sum of their gradients."""
    return accumulated(AccumulatedUpdate(word, 1, clip, inner, parameters, setting), inner, parameters)


ACCUMULATIONS: dict[type[spec.Accumulation], Callable[..., Optimizer]] = {
    spec.NoAccumulation: no_accumulation,
    spec.MeanOfBatches: mean_of_batches,
    spec.SumOfBatches: sum_of_batches,
}


def accumulated(whole: AccumulatedUpdate, inner: Optimizer, parameters: dict[str, Any]) -> Optimizer:
    """The update of whole groups, with the sums of the gradients among its slots."""
    slots = slots_by_parameter({"accumulated": whole.sums}, parameters)
    return inner.within(whole, slots, [*whole.sums, whole.batch])


class ClippedUpdate:
    """A clipping followed by an update. Returns the clipped gradients."""

    def __init__(self, clip: Any, apply_gradients: Any) -> None:
        self.clip, self.apply_gradients = clip, apply_gradients

    def __call__(self, gradients: Any) -> Any:
        clipped = self.clip(gradients)
        self.apply_gradients(clipped)
        return clipped


class AccumulatedUpdate:
    """Sums the gradients of a group of batches, and updates after its last one by the clipped `sum / divisor`.

    Returns what is clipped of the batches so far.
    """

    def __init__(
        self,
        word: Any,
        divisor: int,
        clip: Any,
        inner: Optimizer,
        parameters: dict[str, Any],
        setting: Setting,
    ) -> None:
        self.clip, self.apply_gradients = clip, inner.apply_gradients
        self.batches, self.divisor = word.batches, tf.constant(divisor, setting.precision)
        self.sums = [tf.Variable(np.zeros(w.shape), dtype=setting.precision) for w in parameters.values()]
        self.batch = tf.Variable(0, dtype=tf.int32)

    def __call__(self, gradients: Any) -> Any:
        sums = [kept + gradient for kept, gradient in zip(self.sums, gradients, strict=True)]
        clipped = self.clip(tuple(total / self.divisor for total in sums))

        def update() -> Any:
            # Keras refuses gradients that are tensors of the graph around the branch.
            self.apply_gradients(tuple(tf.identity(gradient) for gradient in clipped))
            for kept in self.sums:
                kept.assign(tf.zeros_like(kept))
            self.batch.assign(0)
            return tf.constant(True)

        def keep() -> Any:
            for kept, total in zip(self.sums, sums, strict=True):
                kept.assign(total)
            self.batch.assign_add(1)
            return tf.constant(False)

        tf.cond(tf.equal(self.batch, self.batches - 1), update, keep)
        return clipped
