"""The specs that an adapter makes a training from: a model, the function that is minimised, and the update."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from harness.spec.accumulation import AnyAccumulation, NoAccumulation
from harness.spec.averaging import AnyAveraging, NoAveraging
from harness.spec.base import Spec, Word
from harness.spec.clipping import AnyClipping, NoClipping
from harness.spec.groups import RateFactor, settings_of
from harness.spec.lookahead import AnyLookahead, NoLookahead
from harness.spec.losses import AnyLoss
from harness.spec.model import Model
from harness.spec.optimizers import AnyOptimizer
from harness.spec.regularizers import AnyRegularizer, NoRegularizer
from harness.spec.schedules import AnySchedule
from harness.spec.weight_decay import AnyWeightDecay, Decayed, NoWeightDecay, decays

Targets = Literal["labels", "values"]


class Update(Spec):
    """What becomes of the gradients of the batches, in this order.

    They are accumulated over the batches of a group; the result is clipped; the weights decay; the optimizer's rule is
    applied; the look-ahead follows; the weights are averaged.

    The rate of the rule and of the decay is `rate_factor` times that of the schedule.
    """

    optimizer: AnyOptimizer
    schedule: AnySchedule
    clipping: AnyClipping = NoClipping()
    weight_decay: AnyWeightDecay = NoWeightDecay()
    accumulation: AnyAccumulation = NoAccumulation()
    lookahead: AnyLookahead = NoLookahead()
    averaging: AnyAveraging = NoAveraging()
    rate_factor: RateFactor = 1.0

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

    @property
    def decays(self) -> tuple[str, ...]:
        """The fields that hold a factor of a decay."""
        parts = {"optimizer": self.optimizer, "weight_decay": self.weight_decay}
        return tuple(f"{name}.factor" for name, word in parts.items() if hasattr(word, "factor"))

    def is_decayed(self, name: str, decayed: Decayed) -> bool:
        """Whether the parameter with this name decays, where the decay is said to apply to `decayed`."""
        stated = settings_of(self.optimizer.groups, name).weight_decay
        return decays(decayed, name) if stated is None else stated > 0

    def parts(self, names: Iterable[str]) -> tuple[UpdatePart, ...]:
        """The update of the parameters with these names, in parts with one rate and one factor of the decay each.

        What does not decay is in the part with the factor of the experiment, and the part's `is_decayed` tells. The
        names keep their order within each part. The update of a part has no parts but itself.
        """
        names_by_settings: dict[Any, list[str]] = {}
        for name in names:
            rate_factor, factor = settings_of(self.optimizer.groups, name)
            names_by_settings.setdefault((rate_factor, factor or None), []).append(name)
        return tuple(UpdatePart(self._with(*stated), tuple(each)) for stated, each in names_by_settings.items())

    def _with(self, rate_factor: float, factor: float | None) -> Update:
        stated = {} if factor is None else {"factor": factor}
        groups = (group for group in self.optimizer.groups if group.weight_decay is not None)
        optimizer: dict[str, Any] = {
            "groups": tuple(group.model_copy(update={"rate_factor": None}) for group in groups)
        }
        if hasattr(self.optimizer, "factor"):
            optimizer |= stated
        decay = stated if hasattr(self.weight_decay, "factor") else {}
        changes = {
            "optimizer": self.optimizer.model_copy(update=optimizer),
            "weight_decay": self.weight_decay.model_copy(update=decay),
            "rate_factor": self.rate_factor * rate_factor,
        }
        return self.model_copy(update=changes)


class UpdatePart(NamedTuple):
    """An update with one rate and one factor of its decay, and the names of the parameters that it is for."""

    update: Update
    names: tuple[str, ...]


class Recipe(Spec):
    """`loss(model(x), y) + regularizer(kernels)`, minimised by `update`.

    `targets`: whether y is class labels, int32 (B,), or values of the model's output shape.
    """

    model: Model
    loss: AnyLoss
    update: Update
    regularizer: AnyRegularizer = NoRegularizer()
    targets: Targets = "labels"
