"""The training loops that users of a framework type, such as `keras.Model.fit`, beside which ours is timed.

They start from the plan's weights and train its batches, in the framework's own model, loss and optimizer.
"""

from __future__ import annotations

from typing import Any, Protocol

from adapters.protocol import Array, FloatArray, IntArray, UnsupportedSpecError
from adapters.setting import Entries, Setting, look_up
from harness.spec.recipe import Recipe


class UserLoop(Protocol):
    """One model, compiled as its users do, and the samples on the host."""

    def bind(self, x: Array, y: Array) -> None:
        """Takes the training set: samples (N, ...) in the arm's precision, and targets."""

    def stage(self, order: IntArray) -> Any:
        """What `train` takes for the samples `order` (steps, batch): their data in this order, on the host."""

    def train(self, staged: Any) -> None:
        """One call of the loop, which makes an update for each batch in turn, and returns when it is done."""

    def losses(self, order: IntArray) -> FloatArray:
        """An update for each batch in turn, and the loss of each before its update."""


def require_typical(recipe: Recipe, optimizers: Entries, setting: Setting) -> None:
    """UnsupportedSpecError where users would not train this with the framework's own loop, or not to the same losses.

    `optimizers`: the table of how the framework makes them.
    """
    update = recipe.update
    beside = (update.clipping, update.weight_decay, update.accumulation, update.lookahead, update.averaging)
    reasons = [
        f"the framework's own {update.optimizer.word()} is not used: {realisation.reason}"
        for realisation in [look_up(optimizers, update.optimizer, setting)]
        if realisation.kind not in ("native", "composed")
    ]
    reasons += [
        f"{word.family.replace('_', ' ')} {word.word()} is no part of it"
        for word in (*beside, recipe.regularizer)
        if word.word() != "none"
    ]
    reasons += ["it has no groups of parameters"] if update.optimizer.groups else []
    reasons += ["it draws its own noise, so that its losses cannot be compared"] if recipe.model.noise() else []
    if reasons:
        raise UnsupportedSpecError("; ".join(reasons))
