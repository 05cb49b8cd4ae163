"""Many updates in TensorFlow, of several optimizers side by side: compiled, they are one loop, not call by call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from adapters.protocol import Array, Parameters
from adapters.setting import Setting
from adapters.tensorflow.clipping import clipping
from adapters.tensorflow.optimizers import optimizer
from harness.spec.recipe import Update


def replays(
    updates: Sequence[Update],
    parameters: Parameters,
    gradients: Parameters,
    milestones: Sequence[int],
    setting: Setting,
) -> Iterator[list[dict[str, Array]]]:
    fed = [tf.constant(gradients[name], setting.precision) for name in parameters]
    lives, moves = [], []
    for update in updates:
        live = {name: keras.Variable(value, dtype=setting.precision) for name, value in parameters.items()}
        made = optimizer(update, live, len(next(iter(gradients.values()))), setting)
        lives.append(live)
        moves.append(ClippedAndApplied(clipping(update.clipping, setting), made.move))
    loop: Any = EagerLoop(moves) if setting.mode == "eager" else CompiledLoop(moves, setting)
    for start, stop in zip((0, *milestones), milestones, strict=False):
        loop(tf.constant(start), tf.constant(stop), *fed)
        yield [{name: np.array(parameter.value) for name, parameter in live.items()} for live in lives]


class ClippedAndApplied:
    """A clipping and an update as one function of the gradients."""

    def __init__(self, clip: Any, move: Any) -> None:
        self.clip, self.move = clip, move

    def __call__(self, gradients: Any) -> None:
        self.move(self.clip(gradients))


class CompiledLoop:
    """The gradients from `start` to `stop`, each to every move."""

    def __init__(self, moves: Sequence[Any], setting: Setting) -> None:
        self.moves = moves
        self.compiled = tf.function(self.steps, jit_compile=setting.mode == "xla", autograph=False)

    def __call__(self, start: Any, stop: Any, *gradients: Any) -> None:
        self.compiled(start, stop, *gradients)

    def steps(self, start: Any, stop: Any, *gradients: Any) -> Any:
        def one(step: Any) -> Any:
            now = [tf.gather(gradient, step) for gradient in gradients]
            for move in self.moves:
                move(now)
            return (step + 1,)

        return tf.while_loop(lambda step: step < stop, one, (start,))


class EagerLoop:
    def __init__(self, moves: Sequence[Any]) -> None:
        self.moves = moves

    def __call__(self, start: Any, stop: Any, *gradients: Any) -> None:
        for step in range(int(start), int(stop)):
            for move in self.moves:
                move([gradient[step] for gradient in gradients])
