"""Updates in TensorFlow: a weight decay and an optimizer, native or canonical."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adapters.base import compact_copy
from adapters.coefficients import coefficients
from adapters.forms import rate_table
from adapters.making import maker
from adapters.protocol import Array
from adapters.setting import Setting, look_up
from adapters.tensorflow.canonical_optimizers import Canonical
from adapters.tensorflow.native_optimizers import Decaying, native_slots
from adapters.tensorflow.realisations.optimizers import OPTIMIZERS
from adapters.tensorflow.schedules import learning_rate
from harness.spec.optimizers import Adamw, Lamb
from harness.spec.recipe import Update
from harness.spec.weight_decay import Coupled, Decoupled, decays


class Optimizer:
    """`move` takes the gradients in the order of the parameters, and updates these in place."""

    def __init__(self, move: Any, slots: Mapping[str, Any], state: list[Any]) -> None:
        self.move, self._slots = move, slots
        self._first = [(variable, compact_copy(np.array(variable))) for variable in state]

    def slots(self) -> dict[str, Array]:
        """Copies of those that hold what the formula says, by `<slot>/<parameter>`, laid out as the parameter is."""
        return {name: np.array(variable) for name, variable in self._slots.items()}

    def restart(self) -> None:
        """All that it keeps, counters too, as it was made."""
        for variable, value in self._first:
            variable.assign(value)


def optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    is_canonical = look_up(OPTIMIZERS, update.optimizer, setting).kind == "custom"
    return (canonical if is_canonical else native)(update, parameters, horizon, setting)


def canonical(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    move = Canonical(update, parameters, horizon, setting.precision)
    slots = {slot: [one.slots[number] for one in move.each] for number, slot in enumerate(update.optimizer.slot_names)}
    own = named(slots, parameters)
    return Optimizer(move, own, [*own.values(), move.step])


def native(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    word, decay, live = update.optimizer, update.weight_decay, list(parameters.values())
    made = maker(OPTIMIZERS, word, setting)(word, live, learning_rate(update.schedule, horizon, setting))
    if isinstance(word, Adamw | Lamb):
        made.exclude_from_weight_decay([w for name, w in parameters.items() if not decays(word.decayed, name)])
    made.build(live)
    slots = named({slot: [v.value for v in own] for slot, own in native_slots(word, made).items()}, parameters)
    state = [variable.value for variable in made.variables]

    def move(gradients: Any) -> None:
        made.apply(gradients, live)

    if not isinstance(decay, Coupled | Decoupled):
        return Optimizer(move, slots, state)
    table = coefficients(update, rate_table(update.schedule, horizon))
    decaying = [decays(decay.decayed, name) for name in parameters]
    both = Decaying(move, [w.value for w in live], decaying, decay.factor, table.get("decay_shrinkage"))
    return Optimizer(both, slots, [*state, both.step])


def named(slots: Mapping[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """By `<slot>/<parameter>`: what holds it."""
    return {
        f"{slot}/{name}": variable
        for slot, made in slots.items()
        for name, variable in zip(parameters, made, strict=False)
    }
