"""Updates in MindSpore: a weight decay and an optimizer, native or canonical."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mindspore import Tensor, ops

from adapters.base import kept
from adapters.coefficients import coefficients
from adapters.forms import rate_table
from adapters.mindspore.canonical_optimizers import Canonical
from adapters.mindspore.native_optimizers import NATIVE, Decaying, native_slots
from adapters.mindspore.realisations.optimizers import optimizer as realised
from adapters.mindspore.schedules import learning_rate
from adapters.protocol import Array
from adapters.setting import Setting
from harness.spec.optimizers import Adamw
from harness.spec.recipe import Update
from harness.spec.weight_decay import Coupled, Decoupled, decays


class Optimizer:
    """`move`, a Cell, takes the gradients in the order of the parameters, and updates these in place."""

    def __init__(self, move: Any, slots: Mapping[str, Any], parameters: dict[str, Any]) -> None:
        self.move, self._slots = move, slots
        moved = {id(parameter) for parameter in parameters.values()}
        state = [parameter for parameter in move.get_parameters() if id(parameter) not in moved]
        self._first = [(parameter, kept(parameter.asnumpy())) for parameter in state]

    def slots(self) -> dict[str, Array]:
        """Copies of those that hold what the formula says, by `<slot>/<parameter>`, laid out as the parameter is."""
        return {name: np.array(read(parameter.asnumpy())) for name, (parameter, read) in self._slots.items()}

    def restart(self) -> None:
        """All that it keeps, counters too, as it was made."""
        for parameter, value in self._first:
            ops.assign(parameter, Tensor(np.array(value), parameter.dtype))


def optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    word = update.optimizer
    if realised(word, setting).kind == "custom":
        move = Canonical(update, parameters, horizon, setting.precision)
        each = dict(zip(parameters, move.each, strict=True))
        own = {slot: [one.slots[number] for one in each.values()] for number, slot in enumerate(word.slot_names)}
        return Optimizer(move, _named({slot: (kept, _as_is) for slot, kept in own.items()}, parameters), parameters)
    live = list(parameters.values())
    made = NATIVE[type(word)](word, live, learning_rate(update.schedule, horizon))
    slots = _named(native_slots(word, made), parameters)
    table = coefficients(update, rate_table(update.schedule, horizon))
    if isinstance(word, Adamw):
        decaying = [decays(word.decayed, name) for name in parameters]
        made = Decaying(made, live, decaying, word.factor, table["kept"])
    decay = update.weight_decay
    if isinstance(decay, Coupled | Decoupled):
        decaying = [decays(decay.decayed, name) for name in parameters]
        made = Decaying(made, live, decaying, decay.factor, table.get("decay_kept"))
    return Optimizer(made, slots, parameters)


def _named(slots: Mapping[str, tuple[Any, Any]], parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{slot}/{name}": (parameter, read)
        for slot, (made, read) in slots.items()
        for name, parameter in zip(parameters, made, strict=True)
    }


def _as_is(value: Any) -> Any:
    return value
