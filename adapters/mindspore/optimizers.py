"""Optimizers in MindSpore: its own classes, compositions of them, and the canonical rules from primitives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, ParameterTuple, Tensor, nn, ops

from adapters.canonical import RULES, coefficients
from adapters.forms import rate_table
from adapters.mindspore.schedules import learning_rate
from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import optimizers as spec
from harness.spec.recipe import Update

# Native: what people run. Each is built from (spec, parameters, learning_rate).


def sgd(_: spec.Sgd, parameters: Any, rate: Any) -> Any:
    return nn.SGD(parameters, rate, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False)


def momentum(s: spec.HeavyBall, parameters: Any, rate: Any) -> Any:
    if s.form == "rate_inside":
        return GradientTimesRate(nn.SGD(parameters, 1.0, momentum=s.momentum, nesterov=False), rate)
    return nn.SGD(parameters, rate, momentum=s.momentum, dampening=0.0, weight_decay=0.0, nesterov=False)


def nesterov(s: spec.Nesterov, parameters: Any, rate: Any) -> Any:
    if s.form == "rate_inside":
        return GradientTimesRate(nn.SGD(parameters, 1.0, momentum=s.momentum, nesterov=True), rate)
    return nn.SGD(parameters, rate, momentum=s.momentum, dampening=0.0, weight_decay=0.0, nesterov=True)


def adam(s: spec.Adam, parameters: Any, rate: Any) -> Any:
    return nn.Adam(parameters, rate, beta1=s.beta1, beta2=s.beta2, eps=s.epsilon, weight_decay=0.0)


NATIVE: dict[type[spec.Optimizer], Callable[[Any, Any, Any], Any]] = {
    spec.Sgd: sgd,
    spec.HeavyBall: momentum,
    spec.Nesterov: nesterov,
    spec.Adam: adam,
}


def optimizer(update: Update, parameters: dict[str, Any], horizon: int, setting: Setting) -> Any:
    """A Cell that takes the gradients in the order of `parameters` and updates these in place."""
    word, live = update.optimizer, list(parameters.values())
    if setting.exact:
        return Canonical(update, parameters, horizon, setting.precision)
    return made_by(NATIVE, word, "mindspore")(word, live, learning_rate(update.schedule, horizon))


class GradientTimesRate(nn.Cell):
    """Moves the rate inside the velocity: an optimizer at rate 1 that is fed `rate * gradient`."""

    def __init__(self, inner: Any, rate: Any) -> None:
        super().__init__()
        self.inner = inner
        self.of_step = rate if isinstance(rate, nn.Cell) else None
        self.table = rate if isinstance(rate, Tensor) else Tensor([0.0 if self.of_step else rate], ms.float32)
        self.last = self.table.shape[0] - 1
        self.step = Parameter(Tensor([0], ms.int32), name="rate_step", requires_grad=False)

    def construct(self, gradients: Any) -> Any:
        if self.of_step is not None:
            rate = self.of_step(self.step)
        else:
            rate = ops.gather(self.table, ops.minimum(self.step, self.last), 0)
        scaled: Any = ()
        for gradient in gradients:
            scaled += (gradient * rate,)
        updated = self.inner(scaled)
        return ops.depend(updated, ops.assign_add(self.step, Tensor([1], ms.int32)))


class Canonical(nn.Cell):
    """A canonical rule with its slots, coefficients and step count, on tensors."""

    def __init__(self, update: Update, parameters: dict[str, Any], horizon: int, precision: str) -> None:
        super().__init__()
        dtype = getattr(ms, precision)
        table = coefficients(update.optimizer, rate_table(update.schedule, horizon))
        self.word, self.names = update.optimizer, tuple(table)
        self.table = Tensor(np.stack(list(table.values()), axis=1), dtype)
        rule = made_by(RULES, self.word, "mindspore")
        self.slot_count, self.update = rule.slots, rule.update
        self.weights = ParameterTuple(list(parameters.values()))
        self.slots = ParameterTuple(
            Parameter(Tensor(np.zeros(w.shape), dtype), name=f"slot{number}.{w.name}", requires_grad=False)
            for w in parameters.values()
            for number in range(self.slot_count)
        )
        self.step = Parameter(Tensor(0, ms.int32), name="canonical_step", requires_grad=False)

    def construct(self, gradients: Any) -> Any:
        row = ops.unstack(ops.gather(self.table, self.step, 0))
        c = {}
        for number, name in enumerate(self.names):
            c[name] = row[number]
        done: Any = ()
        for index, w in enumerate(self.weights):
            own = self.slots[index * self.slot_count : (index + 1) * self.slot_count]
            updated, slots = self.update(self.word, c, w, gradients[index], own, ops.sqrt)
            done += (ops.assign(w, updated),)
            for slot, value in zip(own, slots):  # noqa: B905  (graph mode knows no `strict`)
                done += (ops.assign(slot, value),)
        return ops.depend(done, ops.assign_add(self.step, Tensor(1, ms.int32)))
