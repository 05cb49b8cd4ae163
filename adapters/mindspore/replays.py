"""Many updates in MindSpore, of several optimizers side by side: in `jit` mode one compiled loop, not call by call.

Compiling is what costs: eight optimizers in one graph take a third of the time of eight graphs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from adapters.mindspore.clipping import clipping
from adapters.mindspore.optimizers import optimizer
from adapters.protocol import Array, Parameters
from adapters.setting import Setting
from harness.spec.recipe import Update


def replays(
    updates: Sequence[Update],
    parameters: Parameters,
    gradients: Parameters,
    milestones: Sequence[int],
    setting: Setting,
) -> Iterator[list[dict[str, Array]]]:
    dtype = getattr(ms, setting.precision)
    fed = [Tensor(gradients[name], dtype) for name in parameters]
    lives, moves = [], []
    for number, update in enumerate(updates):
        live = {
            name: Parameter(Tensor(value, dtype), name=f"{number}.{name.replace('/', '.')}")
            for name, value in parameters.items()
        }
        made = optimizer(update, live, len(next(iter(gradients.values()))), setting)
        lives.append(live)
        moves.append(ClippedAndApplied(clipping(update.clipping, setting), made.move))
    loop: Any = EagerLoop(moves) if setting.mode == "pynative" else CompiledLoop(moves, setting)
    for start, stop in zip((0, *milestones), milestones, strict=False):
        loop(Tensor(start, ms.int32), Tensor(stop, ms.int32), *fed)
        yield [{name: np.array(parameter.asnumpy()) for name, parameter in live.items()} for live in lives]


class ClippedAndApplied(nn.Cell):
    """A clipping and an update as one function of the gradients."""

    def __init__(self, clip: Any, move: Any) -> None:
        super().__init__()
        self.clip, self.move = clip, move

    def construct(self, gradients: Any) -> Any:
        return self.move(self.clip(gradients))


class CompiledLoop(nn.Cell):
    """The gradients from `start` to `stop`, each to every move."""

    def __init__(self, moves: Sequence[Any], setting: Setting) -> None:
        super().__init__()
        self.moves = nn.CellList(moves)

    @ms.jit
    def construct(self, start: Any, stop: Any, *gradients: Any) -> Any:
        step = start
        while step < stop:  # of a tensor: over a number it would be unrolled
            now: Any = ()
            for gradient in gradients:
                now += (ops.gather(gradient, step, 0),)
            for move in self.moves:
                step = ops.depend(step, move(now))
            step = step + 1
        return step


class EagerLoop:
    def __init__(self, moves: Sequence[Any]) -> None:
        self.moves = moves

    def __call__(self, start: Any, stop: Any, *gradients: Any) -> None:
        for step in range(int(start), int(stop)):
            for move in self.moves:
                move(tuple(gradient[step] for gradient in gradients))
