"""Updates in TensorFlow: a weight decay and an optimizer, native or canonical."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adapters.base import kept
from adapters.coefficients import coefficients
from adapters.forms import rate_table
from adapters.protocol import Array
from adapters.setting import Setting
from adapters.tensorflow.canonical_optimizers import Canonical
from adapters.tensorflow.native_optimizers import NATIVE, SLOTS, Decaying
from adapters.tensorflow.realisations.optimizers import optimizer as realised
from adapters.tensorflow.schedules import learning_rate
from harness.spec.recipe import Update
from harness.spec.weight_decay import Coupled, Decoupled, decays


class Optimizer:
    """`move` takes the gradients in the order of the variables, and updates these in place."""

    def __init__(self, move: Any, slots: Mapping[str, Any], state: list[Any]) -> None:
        self.move, self._slots = move, slots
        self._first = [(variable, kept(np.array(variable))) for variable in state]

    def slots(self) -> dict[str, Array]:
        """Copies of those that hold what the formula says, by `<slot>/<parameter>`."""
        return {name: np.array(variable) for name, variable in self._slots.items()}

    def restart(self) -> None:
        """All that it keeps, counters too, as it was made."""
        for variable, value in self._first:
            variable.assign(value)


def optimizer(update: Update, variables: dict[str, Any], horizon: int, setting: Setting) -> Optimizer:
    word = update.optimizer
    if realised(word, setting).kind == "custom":
        move = Canonical(update, variables, horizon, setting.precision)
        each = dict(zip(variables, move.each, strict=True))
        slots = {f"{s}/{name}": one.slots[n] for n, s in enumerate(word.slot_names) for name, one in each.items()}
        return Optimizer(move, slots, [*slots.values(), move.step])
    live = list(variables.values())
    fixed = [w for name, w in variables.items() if not decays(getattr(word, "decayed", "all"), name)]
    native = NATIVE[type(word)](word, learning_rate(update.schedule, horizon, setting.mode), fixed)
    native.build(live)
    own = {slot: getattr(native, SLOTS[type(word)][slot]) for slot in word.slot_names}
    slots = {f"{s}/{name}": v.value for s, made in own.items() for name, v in zip(variables, made, strict=False)}
    state = [variable.value for variable in native.variables]

    def made(gradients: Any) -> None:
        native.apply(gradients, live)

    decay = update.weight_decay
    if not isinstance(decay, Coupled | Decoupled):
        return Optimizer(made, slots, state)
    left = coefficients(update, rate_table(update.schedule, horizon)).get("decay_kept")
    decaying = [decays(decay.decayed, name) for name in variables]
    both = Decaying(made, [w.value for w in live], decaying, decay.factor, left)
    return Optimizer(both, slots, [*state, both.step])
