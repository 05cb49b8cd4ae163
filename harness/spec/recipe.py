"""The specs that an adapter makes a training from: a model, the function that is minimised, and the update."""

from __future__ import annotations

from typing import Literal

from harness.spec.base import Spec
from harness.spec.clipping import AnyClipping, NoClipping
from harness.spec.losses import AnyLoss
from harness.spec.model import Model
from harness.spec.optimizers import AnyOptimizer
from harness.spec.regularizers import AnyRegularizer, NoRegularizer
from harness.spec.schedules import AnySchedule
from harness.spec.weight_decay import AnyWeightDecay, NoWeightDecay

Targets = Literal["labels", "values"]


class Update(Spec):
    """One update from gradients: they are clipped, the weights decay, and then the optimizer's rule is applied."""

    optimizer: AnyOptimizer
    schedule: AnySchedule
    clipping: AnyClipping = NoClipping()
    weight_decay: AnyWeightDecay = NoWeightDecay()


class Recipe(Spec):
    """`loss(model(x), y) + regularizer(kernels)`, minimised by `update`.

    `targets`: whether y is class labels, int32 (B,), or values of the model's output shape.
    """

    model: Model
    loss: AnyLoss
    update: Update
    regularizer: AnyRegularizer = NoRegularizer()
    targets: Targets = "labels"
