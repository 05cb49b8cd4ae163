"""Updates in TensorFlow: a weight decay and an optimizer, native or canonical."""

from __future__ import annotations

from typing import Any

from adapters.coefficients import coefficients
from adapters.forms import rate_table
from adapters.setting import Setting
from adapters.tensorflow.canonical_optimizers import Canonical
from adapters.tensorflow.native_optimizers import NATIVE, Decaying
from adapters.tensorflow.realisations.optimizers import optimizer as realised
from adapters.tensorflow.schedules import learning_rate
from harness.spec.recipe import Update
from harness.spec.weight_decay import Coupled, Decoupled, decays


def optimizer(update: Update, variables: dict[str, Any], horizon: int, setting: Setting) -> Any:
    """A function that takes the gradients in the order of `variables` and updates these in place."""
    word = update.optimizer
    if realised(word, setting).kind == "custom":
        return Canonical(update, variables, horizon, setting.precision)
    live = list(variables.values())
    fixed = [w for name, w in variables.items() if not decays(getattr(word, "decayed", "all"), name)]
    native = NATIVE[type(word)](word, learning_rate(update.schedule, horizon, setting.mode), fixed)
    native.build(live)

    def made(gradients: Any) -> None:
        native.apply(gradients, live)

    decay = update.weight_decay
    if not isinstance(decay, Coupled | Decoupled):
        return made
    kept = coefficients(update, rate_table(update.schedule, horizon)).get("decay_kept")
    own = [decays(decay.decayed, name) for name in variables]
    return Decaying(made, [w.value for w in live], own, decay.factor, kept)
