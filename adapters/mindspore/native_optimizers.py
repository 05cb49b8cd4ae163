"""MindSpore's own optimizers, with every argument passed, and compositions of them. What people run.

`realisations.optimizers` says which makes a word. `rate` is a float, a LearningRateSchedule or a table of rates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, ParameterTuple, Tensor, nn, ops
from mindspore.experimental import optim as experimental

from adapters.protocol import FloatArray
from harness.spec import optimizers as spec


def sgd(_: spec.Sgd, parameters: Any, rate: Any) -> Any:
    return nn.SGD(parameters, rate, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False)


def momentum(s: spec.HeavyBall, parameters: Any, rate: Any) -> Any:
    return nn.SGD(parameters, rate, momentum=s.momentum, dampening=s.dampening, weight_decay=0.0, nesterov=False)


def nesterov(s: spec.Nesterov, parameters: Any, rate: Any) -> Any:
    return nn.SGD(parameters, rate, momentum=s.momentum, dampening=0.0, weight_decay=0.0, nesterov=True)


def adagrad(s: spec.Adagrad, parameters: Any, rate: Any) -> Any:
    # It knows no epsilon: in the root, what the sum starts from does the same.
    start = s.initial_accumulator + s.epsilon
    return nn.Adagrad(parameters, accum=start, learning_rate=rate, update_slots=True, weight_decay=0.0)


def rmsprop(s: spec.Rmsprop, parameters: Any, rate: Any) -> Any:
    made = nn.RMSProp(
        parameters, rate, decay=s.rho, momentum=s.momentum, epsilon=s.epsilon, centered=s.centered, weight_decay=0.0
    )
    made.ms = ParameterTuple(parameters).clone(prefix="mean_square", init="zeros")
    return made


def adadelta(s: spec.Adadelta, parameters: Any, rate: Any) -> Any:
    return nn.Adadelta(parameters, rate, rho=s.rho, epsilon=s.epsilon, weight_decay=0.0)


def adam(s: spec.Adam, parameters: Any, rate: Any) -> Any:
    options = {"use_nesterov": False, "use_amsgrad": s.amsgrad, "weight_decay": 0.0}
    return nn.Adam(parameters, rate, beta1=s.beta1, beta2=s.beta2, eps=s.epsilon, **options)


def adamw(s: spec.Adamw, parameters: Any, rate: Any) -> Any:
    options = {"use_nesterov": False, "use_amsgrad": False, "weight_decay": 0.0}
    return nn.Adam(parameters, rate, beta1=s.beta1, beta2=s.beta2, eps=s.epsilon, **options)


def adamax(s: spec.Adamax, parameters: Any, rate: Any) -> Any:
    return nn.AdaMax(parameters, rate, beta1=s.beta1, beta2=s.beta2, eps=s.epsilon, weight_decay=0.0)


def nadam(s: spec.Nadam, parameters: Any, rate: Any) -> Any:
    betas, decay = (s.beta1, s.beta2), s.momentum_decay
    made = experimental.NAdam(parameters, lr=1.0, betas=betas, eps=s.epsilon, weight_decay=0.0, momentum_decay=decay)
    return RateAssigned(made, rate)


def ftrl(s: spec.Ftrl, parameters: Any, rate: Any) -> Any:
    return FollowTheLeader(s, parameters, rate)


# Where each slot lies, by its name in the spec.
MOMENTS = {"first_moment": "moment1", "second_moment": "moment2"}
SLOTS: dict[type[spec.Optimizer], dict[str, str]] = {
    spec.Sgd: {},
    spec.HeavyBall: {"velocity": "accum"},
    spec.Nesterov: {"velocity": "accum"},
    spec.Adagrad: {"accumulator": "accum"},
    spec.Rmsprop: {"mean_square": "ms", "mean_gradient": "mg", "velocity": "moment"},
    spec.Adadelta: {"mean_square_gradient": "accum", "mean_square_step": "accum_update"},
    spec.Adam: {**MOMENTS, "largest_second_moment": "vhat"},
    spec.Adamw: MOMENTS,
    spec.Adamax: {"first_moment": "moment1", "infinity_norm": "moment2"},
    spec.Nadam: {"first_moment": "exp_avg", "second_moment": "exp_avg_sq"},
    spec.Ftrl: {"accumulator": "moments", "linear": "linear"},
    spec.Rprop: {"step_size": "step_size", "sign": "prev"},
    spec.Asgd: {},
}


def native_slots(word: Any, made: Any) -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """By the slot's name in the spec: the parameters that hold it, and what turns their values into the formula's."""
    if isinstance(word, spec.HeavyBall | spec.Nesterov) and not word.momentum:
        return {}  # nn.SGD then keeps none
    own = getattr(made, "inner", made)
    return {slot: (getattr(own, SLOTS[type(word)][slot]), _reading(word, slot)) for slot in word.slot_names}


def _reading(word: Any, slot: str) -> Callable[[Any], Any]:
    if slot == "velocity" and getattr(word, "form", "") == "rate_inside":
        return lambda value: -value  # it is fed rate * gradient, and subtracts
    if isinstance(word, spec.Adagrad):
        return lambda value: value - np.float32(word.epsilon)  # it started from there
    if slot == "sign":
        return np.sign  # of the gradient that is kept
    return lambda value: value


class Decaying(nn.Cell):
    """Decays weights before an optimizer: `kept` is a factor for each update. Or adds to gradients: `factor`."""

    def __init__(self, inner: Any, parameters: Any, decaying: list[bool], factor: float, kept: FloatArray | None):
        super().__init__()
        self.inner, self.weights, self.decaying = inner, ParameterTuple(parameters), tuple(decaying)
        self.decoupled = kept is not None
        self.factor = Tensor(factor, ms.float32)
        self.kept = Tensor(np.zeros(1) if kept is None else kept, ms.float32)
        self.step = Parameter(Tensor(0, ms.int32), name="decay_step", requires_grad=False)

    def construct(self, gradients: Any) -> Any:
        kept = ops.gather(self.kept, self.step, 0) if self.decoupled else self.factor
        given: Any = ()
        done: Any = ()
        for index, w in enumerate(self.weights):
            gradient = gradients[index]
            if self.decaying[index]:
                if self.decoupled:
                    done += (ops.assign(w, w * kept),)
                else:
                    gradient = gradient + self.factor * w
            given += (gradient,)
        if self.decoupled:
            done += (ops.assign_add(self.step, Tensor(1, ms.int32)),)
            given = ops.depend(given, done)
        return self.inner(given)


# Keras has no such classes, or has them as the spec says.


def composed_momentum(s: spec.HeavyBall, parameters: Any, rate: Any) -> Any:
    return GradientTimesRate(nn.SGD(parameters, 1.0, momentum=s.momentum, nesterov=False), rate)


def composed_nesterov(s: spec.Nesterov, parameters: Any, rate: Any) -> Any:
    return GradientTimesRate(nn.SGD(parameters, 1.0, momentum=s.momentum, nesterov=True), rate)


def rprop(s: spec.Rprop, parameters: Any, rate: Any) -> Any:
    steps = (s.min_step, s.max_step)
    return nn.Rprop(parameters, rate, etas=(s.eta_minus, s.eta_plus), step_sizes=steps, weight_decay=0.0)


def asgd(s: spec.Asgd, parameters: Any, rate: Any) -> Any:
    # t0 is where its average begins, which no weight ever sees.
    return nn.ASGD(parameters, rate, lambd=s.lambd, alpha=s.alpha, t0=1e6, weight_decay=0.0)


class Rate(nn.Cell):
    """The rate of the update, from what an optimizer takes as its learning rate; counts the updates itself."""

    def __init__(self, rate: Any) -> None:
        super().__init__()
        self.of_step = rate if isinstance(rate, nn.Cell) else None
        self.table = rate if isinstance(rate, Tensor) else Tensor([0.0 if self.of_step else rate], ms.float32)
        self.last = self.table.shape[0] - 1
        self.step = Parameter(Tensor([0], ms.int32), name="rate_step", requires_grad=False)

    def construct(self) -> Any:
        if self.of_step is not None:
            rate = self.of_step(self.step)
        else:
            rate = ops.gather(self.table, ops.minimum(self.step, self.last), 0)
        return ops.depend(rate.reshape(()), ops.assign_add(self.step, Tensor([1], ms.int32)))


class GradientTimesRate(nn.Cell):
    """Moves the rate inside the velocity: an optimizer at rate 1 that is fed `rate * gradient`."""

    def __init__(self, inner: Any, rate: Any) -> None:
        super().__init__()
        self.inner, self.rate = inner, Rate(rate)

    def construct(self, gradients: Any) -> Any:
        rate = self.rate()
        scaled: Any = ()
        for gradient in gradients:
            scaled += (gradient * rate,)
        return self.inner(scaled)


class RateAssigned(nn.Cell):
    """An experimental optimizer, whose rate is a parameter that somebody else sets."""

    def __init__(self, inner: Any, rate: Any) -> None:
        super().__init__()
        self.inner, self.rate = inner, Rate(rate)
        self.own_rate = inner.lrs[0]
        self.kept = ParameterTuple(inner.mu_product)  # a plain list there, which no Cell knows of

    def construct(self, gradients: Any) -> Any:
        assigned = ops.assign(self.own_rate, self.rate())
        return self.inner(ops.depend(gradients, assigned))


class FollowTheLeader(nn.Cell):
    """The operator of nn.FTRL, at the rate of the update."""

    def __init__(self, s: spec.Ftrl, parameters: Any, rate: Any) -> None:
        super().__init__()
        self.s, self.rate, self.apply = s, Rate(rate), ops.ApplyFtrl()
        self.weights = ParameterTuple(parameters)
        self.moments = self.weights.clone(prefix="moments", init=s.initial_accumulator)
        self.linear = self.weights.clone(prefix="linear", init="zeros")

    def construct(self, gradients: Any) -> Any:
        s, rate = self.s, self.rate()
        done: Any = ()
        for index, w in enumerate(self.weights):
            slots = self.moments[index], self.linear[index]
            done += (self.apply(w, *slots, gradients[index], rate, s.l1, s.l2, s.learning_rate_power),)
        return done
