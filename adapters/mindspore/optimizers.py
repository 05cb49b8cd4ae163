"""Updates in MindSpore: a weight decay and an optimizer, native or canonical."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mindspore import Tensor, ops

from adapters.base import compact_copy
from adapters.coefficients import coefficients, following
from adapters.forms import update_rates
from adapters.making import maker
from adapters.mindspore.canonical_optimizers import CanonicalUpdate
from adapters.mindspore.native_optimizers import Followed, WithWeightDecay, native_slots
from adapters.mindspore.realisations.optimizers import OPTIMIZERS
from adapters.mindspore.schedules import learning_rate
from adapters.mindspore.user_words import own_optimizer
from adapters.protocol import Array
from adapters.setting import Setting, look_up
from harness.spec.optimizers import Adamw
from harness.spec.own import OwnOptimizer
from harness.spec.recipe import Update
from harness.spec.weight_decay import Coupled, Decoupled, decays


class Optimizer:
    """An update with its state. `apply_gradients`, a Cell, takes gradients in the order of the parameters.

    `copies`: variables that start at the value of a parameter, each with the parameter.
    """

    def __init__(
        self, apply_gradients: Any, slots: Mapping[str, Any], state: list[Any], copies: Sequence[tuple[Any, Any]] = ()
    ) -> None:
        self.apply_gradients, self._slots, self._copies = apply_gradients, slots, list(copies)
        self._initial_state = [(parameter, compact_copy(parameter.asnumpy())) for parameter in state]

    def slots(self) -> dict[str, Array]:
        """Copies of the slots by `<slot>/<parameter>`, with the formula's values, in the layout of the parameter."""
        return {name: np.array(read(parameter.asnumpy())) for name, (parameter, read) in self._slots.items()}

    def within(
        self, apply_gradients: Any, slots: Mapping[str, Any], state: list[Any], copies: Sequence[tuple[Any, Any]] = ()
    ) -> Optimizer:
        """This update as a part of another one, which has these slots, this state and these copies besides."""
        whole = Optimizer(apply_gradients, {**self._slots, **slots}, state, [*self._copies, *copies])
        whole._initial_state += self._initial_state
        return whole

    def restart(self) -> None:
        """Resets all state, with the counters, to its initial values, which for copies are the weights as they are."""
        for parameter, value in self._initial_state:
            ops.assign(parameter, Tensor(np.array(value), parameter.dtype))
        for copy, parameter in self._copies:
            ops.assign(copy, Tensor(np.array(parameter.asnumpy()), copy.dtype))


def optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    """The update on these parameters: native where the setting makes its optimizer so, else canonical."""
    if isinstance(update.optimizer, OwnOptimizer):
        rate = None if update.schedule is None else learning_rate(update, horizon, setting)
        apply_gradients = own_optimizer(update.optimizer, parameters, rate)
        return Optimizer(apply_gradients, {}, _state(apply_gradients, parameters))
    if look_up(OPTIMIZERS, update.optimizer, setting).kind == "custom":
        return canonical_optimizer(update, parameters, horizon, setting)
    native = native_optimizer(update, parameters, horizon, setting)
    return followed_optimizer(native, update, parameters, horizon) if update.slots_of_weights else native


def canonical_optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    """The update by the canonical rule."""
    apply_gradients = CanonicalUpdate(update, parameters, horizon, setting.precision)
    slots = {
        slot: ([weight_rule.slots[index] for weight_rule in apply_gradients.weight_rules], _identity)
        for index, slot in enumerate(update.optimizer.slot_names)
    }
    followers = [weight_rule.follower for weight_rule in apply_gradients.weight_rules]
    copies = {copy.name: copy for follower in followers for copy in follower.copies}
    state = _state(apply_gradients, {**parameters, **copies})
    own = Optimizer(apply_gradients, slots_by_parameter(slots, parameters), state)
    return with_copies(own, apply_gradients, followers, [], update, parameters)


def native_optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    """The update by the framework's own optimizer, with the weight decay before it."""
    word, decay, variables = update.optimizer, update.weight_decay, list(parameters.values())
    rate = learning_rate(update, horizon, setting)
    apply_gradients = maker(OPTIMIZERS, word, setting)(word, variables, rate)
    slots = slots_by_parameter(native_slots(word, apply_gradients), parameters)
    table = coefficients(update, update_rates(update, horizon))
    if isinstance(word, Adamw):
        decay_mask = [decays(word.decayed, name) for name in parameters]
        apply_gradients = WithWeightDecay(apply_gradients, variables, decay_mask, word.factor, table["shrinkage"])
    if isinstance(decay, Coupled | Decoupled):
        decay_mask = [decays(decay.decayed, name) for name in parameters]
        apply_gradients = WithWeightDecay(
            apply_gradients, variables, decay_mask, decay.factor, table.get("decay_shrinkage")
        )
    return Optimizer(apply_gradients, slots, _state(apply_gradients, parameters))


def followed_optimizer(inner: Optimizer, update: Update, parameters: dict[str, Any], horizon: int) -> Optimizer:
    """The update, then the look-ahead and the averaging."""
    table = following(update, len(update_rates(update, horizon)))
    followed = Followed(inner.apply_gradients, list(parameters.values()), table, update)
    return with_copies(inner, followed, followed.followers, [followed.step], update, parameters)


def with_copies(
    inner: Optimizer,
    apply_gradients: Any,
    followers: Any,
    state: list[Any],
    update: Update,
    parameters: dict[str, Any],
) -> Optimizer:
    """The update with the copies of the weights that its followers keep, one for each weight, among its slots."""
    slots = {
        slot: ([each.copies[index] for each in followers], _identity)
        for index, slot in enumerate(update.slots_of_weights)
    }
    pairs = [(copy, each.w) for each in followers for copy in each.copies]
    return inner.within(apply_gradients, slots_by_parameter(slots, parameters), state, pairs)


def slots_by_parameter(slots: Mapping[str, tuple[Any, Any]], parameters: dict[str, Any]) -> dict[str, Any]:
    """By `<slot>/<parameter>`, the parameter that holds the slot and the conversion to the value of the formula."""
    return {
        f"{slot}/{name}": (parameter, read)
        for slot, (tensors, read) in slots.items()
        for name, parameter in zip(parameters, tensors, strict=True)
    }


def _state(apply_gradients: Any, parameters: dict[str, Any]) -> list[Any]:
    """The parameters of the Cell that are state: all but those that it updates."""
    updated = {id(parameter) for parameter in parameters.values()}
    return [parameter for parameter in apply_gradients.get_parameters() if id(parameter) not in updated]


def _identity(value: Any) -> Any:
    return value
