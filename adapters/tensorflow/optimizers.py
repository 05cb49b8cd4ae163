"""Updates in TensorFlow: a weight decay and an optimizer, native or canonical."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapters.base import compact_copy, slots_in_order
from adapters.coefficients import coefficients, following
from adapters.forms import update_rates
from adapters.making import maker
from adapters.protocol import Array
from adapters.setting import Setting, look_up
from adapters.tensorflow.canonical_optimizers import CanonicalUpdate
from adapters.tensorflow.native_optimizers import Followed, WithWeightDecay, native_slots
from adapters.tensorflow.realisations.optimizers import OPTIMIZERS
from adapters.tensorflow.schedules import learning_rate
from adapters.tensorflow.specifics.beside_update import holding
from adapters.tensorflow.user_words import own_optimizer
from harness.spec.optimizers import Adamw, Lamb
from harness.spec.own import OwnOptimizer
from harness.spec.recipe import Update
from harness.spec.weight_decay import Coupled, Decoupled


class Optimizer:
    """An update with its state. `apply_gradients` takes gradients in the order of the parameters.

    `copies`: variables that start at the value of a parameter, each with the parameter.
    """

    def __init__(
        self, apply_gradients: Any, slots: Mapping[str, Any], state: list[Any], copies: Sequence[tuple[Any, Any]] = ()
    ) -> None:
        self.apply_gradients, self._slots, self._copies = apply_gradients, slots, list(copies)
        self._initial_state = [(variable, compact_copy(np.array(variable))) for variable in state]

    def slots(self) -> dict[str, Array]:
        """Copies of the slots by `<slot>/<parameter>`, with the formula's values, in the layout of the parameter."""
        return {name: np.array(variable) for name, variable in self._slots.items()}

    def within(
        self, apply_gradients: Any, slots: Mapping[str, Any], state: list[Any], copies: Sequence[tuple[Any, Any]] = ()
    ) -> Optimizer:
        """This update as a part of another one, which has these slots, this state and these copies besides."""
        whole = Optimizer(apply_gradients, {**self._slots, **slots}, state, [*self._copies, *copies])
        whole._initial_state += self._initial_state
        return whole

    def restart(self) -> None:
        """Resets all state, with the counters, to its initial values, which for copies are the weights as they are."""
        for variable, value in self._initial_state:
            variable.assign(value)
        for copy, parameter in self._copies:
            copy.assign(parameter)


def optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    """The update on these parameters: native where the setting makes its optimizer so, else canonical."""
    if isinstance(update.optimizer, OwnOptimizer):
        rate = None if update.schedule is None else learning_rate(update, horizon, setting)
        apply_gradients = own_optimizer(update.optimizer, parameters, rate)
        return Optimizer(apply_gradients, {}, [variable.value for variable in apply_gradients.inner.variables])
    is_canonical = look_up(OPTIMIZERS, update.optimizer, setting).kind == "custom"
    make = canonical_optimizer if is_canonical else native_optimizer
    parts = update.parts(parameters)
    made = [make(p.update, {name: parameters[name] for name in p.names}, horizon, setting) for p in parts]
    whole = made[0] if len(made) == 1 else joined(made, [part.names for part in parts], parameters)
    follows = update.slots_of_weights and not is_canonical
    return followed_optimizer(whole, update, parameters, horizon) if follows else whole


def joined(parts: list[Optimizer], names: list[tuple[str, ...]], parameters: dict[str, Any]) -> Optimizer:
    """The updates of parts of the parameters as one; `names` are those of each part."""
    places = {name: place for place, name in enumerate(parameters)}
    apply_gradients = PartsOfUpdate(
        [part.apply_gradients for part in parts], [[places[name] for name in each] for each in names]
    )
    slots = slots_in_order({name: slot for part in parts for name, slot in part._slots.items()}, parameters)
    whole = Optimizer(apply_gradients, slots, [], [pair for part in parts for pair in part._copies])
    whole._initial_state = [pair for part in parts for pair in part._initial_state]
    return whole


class PartsOfUpdate:
    """Updates of parts of the parameters, at these places among all, as one function of all gradients."""

    def __init__(self, updates: list[Any], places: list[list[int]]) -> None:
        self.updates, self.places = updates, places

    def __call__(self, gradients: Any) -> None:
        for update, places in zip(self.updates, self.places, strict=True):
            update([gradients[place] for place in places])


def canonical_optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    """The update by the canonical rule."""
    apply_gradients = CanonicalUpdate(update, parameters, horizon, setting.precision)
    slots = {
        slot: [weight_rule.slots[index] for weight_rule in apply_gradients.weight_rules]
        for index, slot in enumerate(update.optimizer.slot_names)
    }
    named_slots = slots_by_parameter(slots, parameters)
    followers = [weight_rule.follower for weight_rule in apply_gradients.weight_rules]
    held = holding(apply_gradients, parameters.values())
    own = Optimizer(held, named_slots, [*named_slots.values(), apply_gradients.step])
    return with_copies(own, held, followers, [], update, parameters)


def native_optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    """The update by the framework's own optimizer, with the weight decay before it."""
    word, decay, variables = update.optimizer, update.weight_decay, list(parameters.values())
    rate = learning_rate(update, horizon, setting)
    native = maker(OPTIMIZERS, word, setting)(word, variables, rate)
    if isinstance(word, Adamw | Lamb):
        exempt = [w for name, w in parameters.items() if not update.is_decayed(name, word.decayed)]
        native.exclude_from_weight_decay(exempt)
    native.build(variables)
    slot_tensors = {
        slot: [v.value for v in slot_variables] for slot, slot_variables in native_slots(word, native).items()
    }
    slots = slots_by_parameter(slot_tensors, parameters)
    state = [variable.value for variable in native.variables]

    def apply_gradients(gradients: Any) -> None:
        native.apply(gradients, variables)

    if not isinstance(decay, Coupled | Decoupled):
        return Optimizer(apply_gradients, slots, state)
    table = coefficients(update, update_rates(update, horizon))
    decay_mask = [update.is_decayed(name, decay.decayed) for name in parameters]
    decayed_update = WithWeightDecay(
        apply_gradients, [w.value for w in variables], decay_mask, decay.factor, table.get("decay_shrinkage")
    )
    return Optimizer(decayed_update, slots, [*state, decayed_update.step])


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
    slots = {slot: [each.copies[index] for each in followers] for index, slot in enumerate(update.slots_of_weights)}
    pairs = [(copy, each.w) for each in followers for copy in each.copies]
    return inner.within(apply_gradients, slots_by_parameter(slots, parameters), state, pairs)


def slots_by_parameter(slots: Mapping[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """By `<slot>/<parameter>`, the variable that holds the slot."""
    return {
        f"{slot}/{name}": variable
        for slot, tensors in slots.items()
        for name, variable in zip(parameters, tensors, strict=False)
    }
