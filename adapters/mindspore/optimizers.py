"""Updates in MindSpore: a weight decay and an optimizer, native or canonical."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mindspore import Tensor, ops

from adapters.base import compact_copy
from adapters.coefficients import coefficients
from adapters.forms import rate_table
from adapters.making import maker
from adapters.mindspore.canonical_optimizers import Canonical
from adapters.mindspore.native_optimizers import Decaying, native_slots
from adapters.mindspore.realisations.optimizers import OPTIMIZERS
from adapters.mindspore.schedules import learning_rate
from adapters.protocol import Array
from adapters.setting import Setting, look_up
from harness.spec.optimizers import Adamw
from harness.spec.recipe import Update
from harness.spec.weight_decay import Coupled, Decoupled, decays


class Optimizer:
    """`move`, a Cell, takes the gradients in the order of the parameters, and updates these in place."""

    def __init__(self, move: Any, slots: Mapping[str, Any], state: list[Any]) -> None:
        self.move, self._slots = move, slots
        self._first = [(parameter, compact_copy(parameter.asnumpy())) for parameter in state]

    def slots(self) -> dict[str, Array]:
        """Copies of those that hold what the formula says, by `<slot>/<parameter>`, laid out as the parameter is."""
        return {name: np.array(read(parameter.asnumpy())) for name, (parameter, read) in self._slots.items()}

    def restart(self) -> None:
        """All that it keeps, counters too, as it was made."""
        for parameter, value in self._first:
            ops.assign(parameter, Tensor(np.array(value), parameter.dtype))


def optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    is_canonical = look_up(OPTIMIZERS, update.optimizer, setting).kind == "custom"
    return (canonical if is_canonical else native)(update, parameters, horizon, setting)


def canonical(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    move = Canonical(update, parameters, horizon, setting.precision)
    slots = {
        slot: ([one.slots[number] for one in move.each], _as_is)
        for number, slot in enumerate(update.optimizer.slot_names)
    }
    return Optimizer(move, named(slots, parameters), _state(move, parameters))


def native(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    word, decay, live = update.optimizer, update.weight_decay, list(parameters.values())
    move = maker(OPTIMIZERS, word, setting)(word, live, learning_rate(update.schedule, horizon, setting))
    slots = named(native_slots(word, move), parameters)
    table = coefficients(update, rate_table(update.schedule, horizon))
    if isinstance(word, Adamw):
        move = Decaying(
            move, live, [decays(word.decayed, name) for name in parameters], word.factor, table["shrinkage"]
        )
    if isinstance(decay, Coupled | Decoupled):
        decaying = [decays(decay.decayed, name) for name in parameters]
        move = Decaying(move, live, decaying, decay.factor, table.get("decay_shrinkage"))
    return Optimizer(move, slots, _state(move, parameters))


def named(slots: Mapping[str, tuple[Any, Any]], parameters: dict[str, Any]) -> dict[str, Any]:
    """By `<slot>/<parameter>`: what holds it, and what turns that into the formula's value."""
    return {
        f"{slot}/{name}": (parameter, read)
        for slot, (made, read) in slots.items()
        for name, parameter in zip(parameters, made, strict=True)
    }


def _state(move: Any, parameters: dict[str, Any]) -> list[Any]:
    """What a Cell keeps besides the parameters that it updates."""
    updated = {id(parameter) for parameter in parameters.values()}
    return [parameter for parameter in move.get_parameters() if id(parameter) not in updated]


def _as_is(value: Any) -> Any:
    return value
