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
                    found += (ops.sqrt(self.sum(tensor * tensor)),)
                else:
                    found += (self.sum(tensor * self.signs[number][index]),)
        return ops.stack(found)

    def sum(self, tensor: Any) -> Any:
        """Of all elements; row by row, for MindSpore takes ten times as long over a large tensor at once."""
        if tensor.ndim > 1:
            tensor = tensor.reshape(tensor.shape[0], -1).sum(1)
        return tensor.sum()
