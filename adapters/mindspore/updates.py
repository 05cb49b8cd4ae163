"""The whole update in MindSpore: what becomes of the gradients of every batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, ParameterTuple, Tensor, nn, ops

from adapters.mindspore.clipping import clipping
from adapters.mindspore.optimizers import Optimizer, optimizer, slots_by_parameter
from adapters.mindspore.runtime import floats
from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import accumulation as spec
from harness.spec.recipe import Update


def whole_update(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    """The update on these parameters. Its `apply_gradients` takes a batch's gradients, and returns the clipped ones.

    `horizon`: the number of batches.
    """
    inner = optimizer(update, parameters, horizon, setting)
    clip = clipping(update.clipping, setting)
    make = made_by(ACCUMULATIONS, update.accumulation, "mindspore")
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
    slots = slots_by_parameter({"accumulated": (whole.sums, _identity)}, parameters)
    return inner.within(whole, slots, [*whole.sums, whole.batch])


class ClippedUpdate(nn.Cell):
    """A clipping followed by an update. Returns the clipped gradients."""

    def __init__(self, clip: Any, apply_gradients: Any) -> None:
        super().__init__()
        self.clip, self.apply_gradients = clip, apply_gradients

    def construct(self, gradients: Any) -> Any:
        clipped = self.clip(gradients)
        return ops.depend(clipped, self.apply_gradients(clipped))


class AccumulatedUpdate(nn.Cell):
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
        super().__init__()
        self.clip, self.apply_gradients = clip, inner.apply_gradients
        self.last, self.divisor = word.batches - 1, floats(divisor, setting)
        self.sums = ParameterTuple(
            Parameter(floats(np.zeros(w.shape), setting), name=f"accumulated.{w.name}", requires_grad=False)
            for w in parameters.values()
        )
        self.batch = Parameter(Tensor(0, ms.int32), name="batch_of_group", requires_grad=False)

    def construct(self, gradients: Any) -> Any:
        sums: Any = ()
        combined: Any = ()
        for index, gradient in enumerate(gradients):
            total = self.sums[index] + gradient
            sums += (total,)
            combined += (total / self.divisor,)
        clipped = self.clip(combined)
        # The branches must return the same type.
        done = self._update(clipped) if self.batch == self.last else self._keep(sums)
        return ops.depend(clipped, done)

    def _update(self, clipped: Any) -> Any:
        assignments: Any = ()
        for index, gradient in enumerate(clipped):
            assignments += (ops.assign(self.sums[index], ops.zeros_like(gradient)),)
        done = ops.depend(Tensor(0, ms.int32), (self.apply_gradients(clipped), assignments))
        return ops.assign(self.batch, done)

    def _keep(self, sums: Any) -> Any:
        assignments: Any = ()
        for index, total in enumerate(sums):
            assignments += (ops.assign(self.sums[index], total),)
        return ops.assign(self.batch, self.batch + ops.depend(Tensor(1, ms.int32), assignments))


def _identity(value: Any) -> Any:
    return value
