"""Updates in MindSpore: a weight decay and an optimizer, native or canonical."""

from __future__ import annotations

from typing import Any

from adapters.coefficients import coefficients
from adapters.forms import rate_table
from adapters.mindspore.canonical_optimizers import Canonical
from adapters.mindspore.native_optimizers import NATIVE, Decaying
from adapters.mindspore.realisations.optimizers import optimizer as realised
from adapters.mindspore.schedules import learning_rate
from adapters.setting import Setting
from harness.spec.optimizers import Adamw
from harness.spec.recipe import Update
from harness.spec.weight_decay import Coupled, Decoupled, decays


def optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Any:
    """A Cell that takes the gradients in the order of `parameters` and updates these in place."""
    word = update.optimizer
    if realised(word, setting).kind == "custom":
        return Canonical(update, parameters, horizon, setting.precision)
    live = list(parameters.values())
    made = NATIVE[type(word)](word, live, learning_rate(update.schedule, horizon))
    table = coefficients(update, rate_table(update.schedule, horizon))
    if isinstance(word, Adamw):
        own = [decays(word.decayed, name) for name in parameters]
        made = Decaying(made, live, own, word.factor, table["kept"])
    decay = update.weight_decay
    if not isinstance(decay, Coupled | Decoupled):
        return made
    own = [decays(decay.decayed, name) for name in parameters]
    return Decaying(made, live, own, decay.factor, table.get("decay_kept"))
