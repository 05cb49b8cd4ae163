"""What is watched of every step, in MindSpore: one short vector."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import ParameterTuple, Tensor, nn, ops

from adapters.mindspore.layers import to_native
from adapters.setting import Setting
from adapters.watching import Watched, pattern, watched_parameters
from harness.spec.model import Model


class Watching(nn.Cell):
    """From the gradients of a step and the weights after it to the columns of `adapters.watching.columns`."""

    def __init__(self, word: Model, watch: tuple[Watched, ...], named: dict[str, Any], setting: Setting) -> None:
        super().__init__()
        dtype = getattr(ms, setting.precision)
        self.kinds = tuple(tuple(kind.split("_")) for kind in watch)
        self.weights = ParameterTuple([named[p.name] for p in word.parameters()])
        signs = {
            p.name: Tensor(to_native(p.name.rpartition("/")[2], pattern(p.shape)), dtype)
            for p in word.parameters()
            if watch
        }
        self.signs = tuple(tuple(signs[p.name] for p in watched_parameters(word, kind)) for kind in watch)
        self.width = sum(map(len, self.signs))

    def construct(self, gradients: Any, clipped: Any) -> Any:
        found: Any = ()
        for number, (of, what) in enumerate(self.kinds):
            tensors = gradients
            if of == "clipped":
                tensors = clipped
            if of == "weight":
                tensors = self.weights
            for index, tensor in enumerate(tensors):
                if what == "norm":
                    found += (ops.sqrt((tensor * tensor).sum()),)
                else:
                    found += ((tensor * self.signs[number][index]).sum(),)
        return ops.stack(found)
