"""Updates in MindSpore: a weight decay and an optimizer, native or canonical."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mindspore import Tensor, nn, ops

from adapters.base import compact_copy, slots_in_order
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
from harness.spec.optimizers import Adamw, Rprop
from harness.spec.own import OwnOptimizer
from harness.spec.recipe import Update, UpdatePart
from harness.spec.weight_decay import Coupled, Decoupled


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
    kind = look_up(OPTIMIZERS, update.optimizer, setting).kind
    make = canonical_optimizer if kind == "custom" else native_optimizer
    # A native class takes groups of parameters itself.
    parts = (UpdatePart(update, tuple(parameters)),) if kind == "native" else update.parts(parameters)
    made = [make(p.update, {name: parameters[name] for name in p.names}, horizon, setting) for p in parts]
    whole = made[0] if len(made) == 1 else joined(made, [part.names for part in parts], parameters)
    follows = update.slots_of_weights and kind != "custom"
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


class PartsOfUpdate(nn.Cell):
    """Updates of parts of the parameters, at these places among all, as one function of all gradients."""

    def __init__(self, updates: list[Any], places: list[list[int]]) -> None:
        super().__init__()
        # CellList renames the parameters, so that their names differ.
        self.updates, self.places = nn.CellList(updates), tuple(map(tuple, places))

    def construct(self, gradients: Any) -> Any:
        updated: Any = ()
        for index, update in enumerate(self.updates):
            gradients_of_part: Any = ()
            for place in self.places[index]:
                gradients_of_part += (gradients[place],)
            updated += (update(gradients_of_part),)
        return updated


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
    word, parts, variables = update.optimizer, update.parts(parameters), list(parameters.values())
    rates = [learning_rate(part.update, horizon, setting) for part in parts]
    groups = [
        {"params": [parameters[name] for name in part.names], "lr": rate}
        for part, rate in zip(parts, rates, strict=True)
    ]
    trained = variables if len(parts) == 1 else [*groups, {"order_params": variables}]
    apply_gradients = maker(OPTIMIZERS, word, setting)(word, trained, rates[0])
    slots = slots_by_parameter(native_slots(word, apply_gradients), parameters)
    for part in parts:
        if isinstance(word, Rprop):  # nn.Rprop sets its steps in the first update, and a checkpoint may come before it
            _fill([slots[f"step_size/{name}"][0] for name in part.names], update_rates(part.update, horizon)[0])
        apply_gradients = _with_decays(apply_gradients, part, parameters, horizon)
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


def _fill(tensors: list[Any], value: float) -> None:
    for tensor in tensors:
        tensor.set_data(ops.full_like(tensor, value))


def _with_decays(apply_gradients: Any, part: UpdatePart, parameters: dict[str, Any], horizon: int) -> Any:
    """The update after the weight decays of the parameters of this part."""
    update, variables = part.update, list(parameters.values())
    word, decay = update.optimizer, update.weight_decay
    table = coefficients(update, update_rates(update, horizon))
    if isinstance(word, Adamw):
        decay_mask = [name in part.names and update.is_decayed(name, word.decayed) for name in parameters]
        apply_gradients = WithWeightDecay(apply_gradients, variables, decay_mask, word.factor, table["shrinkage"])
    if isinstance(decay, Coupled | Decoupled):
        decay_mask = [name in part.names and update.is_decayed(name, decay.decayed) for name in parameters]
        apply_gradients = WithWeightDecay(
            apply_gradients, variables, decay_mask, decay.factor, table.get("decay_shrinkage")
        )
    return apply_gradients


def _state(apply_gradients: Any, parameters: dict[str, Any]) -> list[Any]:
    """The parameters of the Cell that are state: all but those that it updates."""
    updated = {id(parameter) for parameter in parameters.values()}
    return [parameter for parameter in apply_gradients.get_parameters() if id(parameter) not in updated]


def _identity(value: Any) -> Any:
    return value
