"""Many updates in TensorFlow, of several optimizers side by side: compiled, they are one loop, not call by call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
        moves.append(clipped_and_applied(clipping(update.clipping, setting), made.move))
    loop = eager_loop if setting.mode == "eager" else compiled_loop(moves, setting.mode == "xla")
    for start, stop in zip((0, *milestones), milestones, strict=False):
        loop(moves, start, stop, fed)
        yield [{name: np.array(variable.value) for name, variable in live.items()} for live in lives]


def clipped_and_applied(clip: Any, move: Any) -> Callable[[Any], None]:
    """A clipping and an update as one function of the gradients."""
    return lambda gradients: move(clip(gradients))


def compiled_loop(moves: Sequence[Any], xla: bool) -> Callable[..., None]:
    """The gradients from `start` to `stop`, each to every move."""

    @tf.function(jit_compile=xla, autograph=False)
    def loop(start: Any, stop: Any, gradients: Any) -> Any:
        def one(step: Any) -> Any:
            now = [tf.gather(each, step) for each in gradients]
            for move in moves:
                move(now)
            return (step + 1,)

        return tf.while_loop(lambda step: step < stop, one, (start,))

    return lambda _, start, stop, fed: loop(tf.constant(start), tf.constant(stop), fed)


def eager_loop(moves: Sequence[Any], start: int, stop: int, gradients: Sequence[Any]) -> None:
    for step in range(start, stop):
        for move in moves:
            move([each[step] for each in gradients])
