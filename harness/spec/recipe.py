"""The specs that an adapter makes a training from: a model, the function that is minimised, and the update."""

from __future__ import annotations

from typing import Literal

from harness.spec.accumulation import AnyAccumulation, NoAccumulation
from harness.spec.averaging import AnyAveraging, NoAveraging
from harness.spec.base import Spec, Word
from harness.spec.clipping import AnyClipping, NoClipping
from harness.spec.lookahead import AnyLookahead, NoLookahead
from harness.spec.losses import AnyLoss
from harness.spec.model import Model
from harness.spec.optimizers import AnyOptimizer
from harness.spec.regularizers import AnyRegularizer, NoRegularizer
from harness.spec.schedules import AnySchedule
from harness.spec.weight_decay import AnyWeightDecay, NoWeightDecay

Targets = Literal["labels", "values"]


class Update(Spec):
    """What becomes of the gradients of the batches, in this order.

    They are accumulated over the batches of a group; the result is clipped; the weights decay; the optimizer's rule is
    applied; the look-ahead follows; the weights are averaged.
    """

    optimizer: AnyOptimizer
    schedule: AnySchedule
    clipping: AnyClipping = NoClipping()
    weight_decay: AnyWeightDecay = NoWeightDecay()
    accumulation: AnyAccumulation = NoAccumulation()
    lookahead: AnyLookahead = NoLookahead()
    averaging: AnyAveraging = NoAveraging()

    @property
    def slot_names(self) -> tuple[str, ...]:
        """All arrays kept for each parameter between batches: those of the optimizer first."""
        return (*self.optimizer.slot_names, *self.slots_beside)

    @property
    def slots_of_weights(self) -> tuple[str, ...]:
        """Of these arrays those that start at the initial weights."""
        return (*self.lookahead.slot_names, *self.averaging.slot_names)

    @property
    def slots_beside(self) -> tuple[str, ...]:
        """Of these arrays those that are not the optimizer's."""
        return (*self.slots_of_weights, *self.accumulation.slot_names)

    @property
    def period(self) -> int:
        """The number of batches after which each of its words has done all that it does."""
        return self.accumulation.group * max(self.lookahead.period, self.averaging.period)

    @property
    def words(self) -> tuple[Word, ...]:
        """Its words, each made by an adapter."""
        return tuple(word for _, word in self if isinstance(word, Word))


class Recipe(Spec):
    """`loss(model(x), y) + regularizer(kernels)`, minimised by `update`.

    `targets`: whether y is class labels, int32 (B,), or values of the model's output shape.
    """

    model: Model
    loss: AnyLoss
    update: Update
    regularizer: AnyRegularizer = NoRegularizer()
    targets: Targets = "labels"
