"""Updates in MindSpore: a weight decay and an optimizer, native or canonical."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mindspore import Tensor, nn, ops

from adapters.base import compact_copy
from adapters.coefficients import coefficients
from adapters.forms import update_rates
from adapters.making import maker
from adapters.mindspore.canonical_optimizers import CanonicalUpdate
from adapters.mindspore.native_optimizers import WithWeightDecay, native_slots
from adapters.mindspore.realisations.optimizers import OPTIMIZERS
from adapters.mindspore.schedules import learning_rate
from adapters.mindspore.user_words import own_optimizer
from adapters.protocol import Array
from adapters.setting import Setting, look_up
from harness.spec.optimizers import Adamw
from harness.spec.own import OwnOptimizer
from harness.spec.recipe import Update, UpdatePart
from harness.spec.weight_decay import Coupled, Decoupled


class Optimizer:
    """An update with its state. `apply_gradients`, a Cell, takes gradients in the order of the parameters."""

    def __init__(self, apply_gradients: Any, slots: Mapping[str, Any], state: list[Any]) -> None:
        self.apply_gradients, self._slots, self._state = apply_gradients, slots, state
        self._initial_state = [(parameter, compact_copy(parameter.asnumpy())) for parameter in state]

    def slots(self) -> dict[str, Array]:
        """Copies of the slots by `<slot>/<parameter>`, with the formula's values, in the layout of the parameter."""
        return {name: np.array(read(parameter.asnumpy())) for name, (parameter, read) in self._slots.items()}

    def restart(self) -> None:
        """Resets all state, with the counters, to its initial values."""
        for parameter, value in self._initial_state:
            ops.assign(parameter, Tensor(np.array(value), parameter.dtype))


def optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    """The update on these parameters: native where the setting makes its optimizer so, else canonical."""
    if isinstance(update.optimizer, OwnOptimizer):
        rate = None if update.schedule is None else learning_rate(update, horizon, setting)
        apply_gradients = own_optimizer(update.optimizer, parameters, rate)
        return Optimizer(apply_gradients, {}, _state(apply_gradients, parameters))
    kind = look_up(OPTIMIZERS, update.optimizer, setting).kind
    if kind == "native":  # its class takes groups of parameters itself
        return native_optimizer(update, parameters, horizon, setting)
    make = canonical_optimizer if kind == "custom" else native_optimizer
    parts = update.parts(parameters)
    made = [make(p.update, {name: parameters[name] for name in p.names}, horizon, setting) for p in parts]
    return made[0] if len(made) == 1 else joined(made, [part.names for part in parts], parameters)


def joined(parts: list[Optimizer], names: list[tuple[str, ...]], parameters: dict[str, Any]) -> Optimizer:
    """The updates of parts of the parameters as one; `names` are those of each part."""
    places = {name: place for place, name in enumerate(parameters)}
    apply_gradients = PartsOfUpdate(
        [part.apply_gradients for part in parts], [[places[name] for name in each] for each in names]
    )
    slots = {name: slot for part in parts for name, slot in part._slots.items()}
    return Optimizer(apply_gradients, slots, [parameter for part in parts for parameter in part._state])


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
    return Optimizer(apply_gradients, slots_by_parameter(slots, parameters), _state(apply_gradients, parameters))


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
        apply_gradients = _with_decays(apply_gradients, part, parameters, horizon)
    return Optimizer(apply_gradients, slots, _state(apply_gradients, parameters))


def slots_by_parameter(slots: Mapping[str, tuple[Any, Any]], parameters: dict[str, Any]) -> dict[str, Any]:
    """By `<slot>/<parameter>`, the parameter that holds the slot and the conversion to the value of the formula."""
    return {
        f"{slot}/{name}": (parameter, read)
        for slot, (tensors, read) in slots.items()
        for name, parameter in zip(parameters, tensors, strict=True)
    }


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
