"""The canonical update rules in MindSpore: `adapters.canonical` on its tensors."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, ParameterTuple, Tensor, nn, ops

from adapters.canonical import RULES, apply_decay, follow, kinds_that_follow, words_for_parameter
from adapters.coefficients import coefficients
from adapters.forms import update_rates
from adapters.protocol import made_by
from harness.spec.recipe import Update


@ms.jit_class
class MindSporeMaths:
    """`adapters.canonical.Maths` in MindSpore, as methods, because a graph cannot call a function in a variable."""

    def sqrt(self, x: Any) -> Any:
        return ops.sqrt(x)

    def abs(self, x: Any) -> Any:
        return ops.abs(x)

    def maximum(self, a: Any, b: Any) -> Any:
        return ops.maximum(a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        return ops.minimum(a, b)

    def sign(self, x: Any) -> Any:
        return ops.sign(x)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        return ops.select(condition, a, b)

    def pow(self, base: Any, exponent: Any) -> Any:
        return ops.pow(base, exponent)

    def norm(self, x: Any) -> Any:
        """The root of the sum of all squared elements."""
        return ops.sqrt((x * x).sum())

    def zeros_like(self, x: Any) -> Any:
        return ops.zeros_like(x)

    def ones_like(self, x: Any) -> Any:
        return ops.ones_like(x)


class CanonicalUpdate(nn.Cell):
    """The update of all weights by the canonical rule and the weight decay. It counts the steps."""

    def __init__(self, update: Update, parameters: dict[str, Any], horizon: int, precision: str) -> None:
        super().__init__()
        rates = update_rates(update, horizon)
        table = coefficients(update, rates)
        self.names = tuple(table)
        self.table = Tensor(np.stack(list(table.values()), axis=1), getattr(ms, precision))
        self.weight_rules = nn.CellList(
            [WeightRule(update, name, w, rates[0], precision) for name, w in parameters.items()]
        )
        self.step = Parameter(Tensor(0, ms.int32), name="canonical_step", requires_grad=False)

    def construct(self, gradients: Any) -> Any:
        scalars = ops.unstack(ops.gather(self.table, self.step, 0))
        c = {}
        for index, name in enumerate(self.names):
            c[name] = scalars[index]
        assignments: Any = ()
        for index, weight_rule in enumerate(self.weight_rules):
            assignments += weight_rule(c, gradients[index])
        return ops.depend(assignments, ops.assign_add(self.step, Tensor(1, ms.int32)))


class WeightRule(nn.Cell):
    """The canonical rule for one weight, with the slots of that weight."""

    def __init__(self, update: Update, name: str, w: Any, first_rate: float, precision: str) -> None:
        super().__init__()
        dtype = getattr(ms, precision)
        self.word, decay = words_for_parameter(update, name)
        self.decay = decay.word()
        rule = made_by(RULES, self.word, "mindspore")
        self.update, self.maths = rule.update, MindSporeMaths()
        self.w = w
        self.slots = ParameterTuple(
            Parameter(Tensor(np.full(w.shape, value), dtype), name=f"slot{index}.{w.name}", requires_grad=False)
            for index, value in enumerate(rule.initial(self.word, first_rate))
        )
        self.follower = Follower(update, w)

    def construct(self, c: Any, gradient: Any) -> Any:
        w, g = apply_decay(self.decay, c, self.w, gradient)
        new_weight, new_slots = self.update(self.word, c, w, g, self.slots, self.maths)
        assignments: Any = ()
        for slot, value in zip(self.slots, new_slots):  # noqa: B905  (graph mode knows no `strict`)
            assignments += (ops.assign(slot, value),)
        return assignments + self.follower(c, new_weight)


class Follower(nn.Cell):
    """The look-ahead and the averaging of one weight, with the copies of that weight."""

    def __init__(self, update: Update, w: Any) -> None:
        super().__init__()
        self.w, self.kinds = w, kinds_that_follow(update)
        self.copies = ParameterTuple(
            Parameter(Tensor(w.asnumpy(), w.dtype), name=f"{slot}.{w.name}", requires_grad=False)
            for slot in update.slots_of_weights
        )

    def construct(self, c: Any, w: Any) -> Any:
        new_weight, new_copies = follow(self.kinds, c, w, self.copies)
        assignments: Any = (ops.assign(self.w, new_weight),)
        for copy, value in zip(self.copies, new_copies):  # noqa: B905  (graph mode knows no `strict`)
            assignments += (ops.assign(copy, value),)
        return assignments
