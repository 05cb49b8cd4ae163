"""MindSpore's own optimizers and compositions of them, with every argument passed explicitly.

`realisations.optimizers` states which function makes a word. `rate` is a float, a LearningRateSchedule or a table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, ParameterTuple, Tensor, nn, ops
from mindspore.experimental import optim as experimental

from adapters.mindspore.canonical_optimizers import Follower
from adapters.protocol import FloatArray
from harness.spec import optimizers as spec
from harness.spec.recipe import Update


def sgd(_: spec.Sgd, parameters: Any, rate: Any) -> Any:
    """nn.SGD without momentum."""
    return nn.SGD(parameters, rate, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False)


def momentum(s: spec.HeavyBall, parameters: Any, rate: Any) -> Any:
    """nn.SGD, whose velocity holds the rate outside."""
    return nn.SGD(parameters, rate, momentum=s.momentum, dampening=s.dampening, weight_decay=0.0, nesterov=False)


def nesterov(s: spec.Nesterov, parameters: Any, rate: Any) -> Any:
    """nn.SGD with Nesterov momentum, the rate outside."""
    return nn.SGD(parameters, rate, momentum=s.momentum, dampening=0.0, weight_decay=0.0, nesterov=True)


def adagrad(s: spec.Adagrad, parameters: Any, rate: Any) -> Any:
    """nn.Adagrad from `initial_accumulator + epsilon`."""
    # nn.Adagrad has no epsilon. Inside the root, a larger initial sum has the same effect.
    initial_sum = s.initial_accumulator + s.epsilon
    return nn.Adagrad(parameters, accum=initial_sum, learning_rate=rate, update_slots=True, weight_decay=0.0)


def rmsprop(s: spec.Rmsprop, parameters: Any, rate: Any) -> Any:
    """nn.RMSProp with mean squares that start at 0."""
    optimizer = nn.RMSProp(
        parameters, rate, decay=s.rho, momentum=s.momentum, epsilon=s.epsilon, centered=s.centered, weight_decay=0.0
    )
    optimizer.ms = ParameterTuple(parameters).clone(prefix="mean_square", init="zeros")
    return optimizer


def adadelta(s: spec.Adadelta, parameters: Any, rate: Any) -> Any:
    """nn.Adadelta."""
    return nn.Adadelta(parameters, rate, rho=s.rho, epsilon=s.epsilon, weight_decay=0.0)


def adam(s: spec.Adam, parameters: Any, rate: Any) -> Any:
    """nn.Adam."""
    options = {"use_nesterov": False, "use_amsgrad": s.amsgrad, "weight_decay": 0.0}
    return nn.Adam(parameters, rate, beta1=s.beta1, beta2=s.beta2, eps=s.epsilon, **options)


def adamw(s: spec.Adamw, parameters: Any, rate: Any) -> Any:
    """nn.Adam; `WithWeightDecay` decays the weights before it."""
    options = {"use_nesterov": False, "use_amsgrad": False, "weight_decay": 0.0}
    return nn.Adam(parameters, rate, beta1=s.beta1, beta2=s.beta2, eps=s.epsilon, **options)


def adamax(s: spec.Adamax, parameters: Any, rate: Any) -> Any:
    """nn.AdaMax."""
    return nn.AdaMax(parameters, rate, beta1=s.beta1, beta2=s.beta2, eps=s.epsilon, weight_decay=0.0)


def nadam(s: spec.Nadam, parameters: Any, rate: Any) -> Any:
    """The experimental NAdam, with the rate assigned at each update."""
    betas, decay = (s.beta1, s.beta2), s.momentum_decay
    optimizer = experimental.NAdam(
        parameters, lr=1.0, betas=betas, eps=s.epsilon, weight_decay=0.0, momentum_decay=decay
    )
    return AssignedRate(optimizer, rate)


def ftrl(s: spec.Ftrl, parameters: Any, rate: Any) -> Any:
    """The operator of nn.FTRL with the rate of each update."""
    return FtrlAtRate(s, parameters, rate)


# The attribute that holds each slot, by the name of the slot in the spec.
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


def native_slots(word: Any, optimizer: Any) -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """By the name of the slot in the spec, the parameters that hold it and the conversion to the formula's values."""
    if isinstance(word, spec.HeavyBall | spec.Nesterov) and not word.momentum:
        return {}  # nn.SGD then keeps no velocity
    inner_optimizer = getattr(optimizer, "inner", optimizer)
    return {
        slot: (getattr(inner_optimizer, SLOTS[type(word)][slot]), _slot_conversion(word, slot))
        for slot in word.slot_names
    }


def _slot_conversion(word: Any, slot: str) -> Callable[[Any], Any]:
    if slot == "velocity" and getattr(word, "form", "") == "rate_inside":
        return lambda value: -value  # the optimizer gets rate * gradient, and subtracts
    if isinstance(word, spec.Adagrad):
        return lambda value: value - np.float32(word.epsilon)  # the initial sum contains epsilon
    return lambda value: value


class WithWeightDecay(nn.Cell):
    """An optimizer after a weight decay.

    Decoupled, the weights are multiplied by the `decay_factors` of the update. Coupled (None), `factor * weight` is
    added to the gradients.
    """

    def __init__(
        self, inner: Any, parameters: Any, decay_mask: list[bool], factor: float, decay_factors: FloatArray | None
    ):
        super().__init__()
        self.inner, self.weights, self.decay_mask = inner, ParameterTuple(parameters), tuple(decay_mask)
        self.decoupled = decay_factors is not None
        self.factor = Tensor(factor, ms.float32)
        self.decay_factors = Tensor(np.zeros(1) if decay_factors is None else decay_factors, ms.float32)
        self.step = Parameter(Tensor(0, ms.int32), name="decay_step", requires_grad=False)

    def construct(self, gradients: Any) -> Any:
        decay_factor = ops.gather(self.decay_factors, self.step, 0) if self.decoupled else self.factor
        decayed_gradients: Any = ()
        assignments: Any = ()
        for index, w in enumerate(self.weights):
            gradient = gradients[index]
            if self.decay_mask[index]:
                if self.decoupled:
                    assignments += (ops.assign(w, w * decay_factor),)
                else:
                    gradient = gradient + self.factor * w
            decayed_gradients += (gradient,)
        if self.decoupled:
            assignments += (ops.assign_add(self.step, Tensor(1, ms.int32)),)
            decayed_gradients = ops.depend(decayed_gradients, assignments)
        return self.inner(decayed_gradients)


class Followed(nn.Cell):
    """An optimizer, then the look-ahead and the averaging by the scalars of each update in `table`."""

    def __init__(self, inner: Any, parameters: Any, table: dict[str, FloatArray], update: Update) -> None:
        super().__init__()
        self.inner, self.names = inner, tuple(table)
        self.table = Tensor(np.stack(list(table.values()), axis=1), ms.float32)
        self.followers = nn.CellList([Follower(update, w) for w in parameters])
        self.step = Parameter(Tensor(0, ms.int32), name="followed_step", requires_grad=False)

    def construct(self, gradients: Any) -> Any:
        done = self.inner(gradients)
        scalars = ops.unstack(ops.gather(self.table, self.step, 0))
        c = {}
        for index, name in enumerate(self.names):
            c[name] = scalars[index]
        assignments: Any = ()
        for follower in self.followers:
            assignments += follower(c, ops.depend(follower.w, done))
        return ops.depend(assignments, ops.assign_add(self.step, Tensor(1, ms.int32)))


# Keras has no such classes, or its classes need no composition.


def composed_momentum(s: spec.HeavyBall, parameters: Any, rate: Any) -> Any:
    """nn.SGD with the rate moved inside the velocity."""
    return GradientTimesRate(nn.SGD(parameters, 1.0, momentum=s.momentum, nesterov=False), rate)


def composed_nesterov(s: spec.Nesterov, parameters: Any, rate: Any) -> Any:
    """nn.SGD with Nesterov momentum and the rate moved inside the velocity."""
    return GradientTimesRate(nn.SGD(parameters, 1.0, momentum=s.momentum, nesterov=True), rate)


def rprop(s: spec.Rprop, parameters: Any, rate: Any) -> Any:
    """nn.Rprop, fed the signs of the gradients."""
    steps = (s.min_step, s.max_step)
    return SignOfGradient(
        nn.Rprop(parameters, rate, etas=(s.eta_minus, s.eta_plus), step_sizes=steps, weight_decay=0.0)
    )


def asgd(s: spec.Asgd, parameters: Any, rate: Any) -> Any:
    """nn.ASGD."""
    # t0 is the step at which the average of the weights begins, which no weight depends on.
    return nn.ASGD(parameters, rate, lambd=s.lambd, alpha=s.alpha, t0=1e6, weight_decay=0.0)


class Rate(nn.Cell):
    """The rate of each update, from the `learning_rate` of an optimizer. It counts the updates."""

    def __init__(self, rate: Any) -> None:
        super().__init__()
        self.schedule = rate if isinstance(rate, nn.Cell) else None
        self.table = rate if isinstance(rate, Tensor) else Tensor([0.0 if self.schedule else rate], ms.float32)
        self.last_step = self.table.shape[0] - 1
        self.step = Parameter(Tensor([0], ms.int32), name="rate_step", requires_grad=False)

    def construct(self) -> Any:
        if self.schedule is not None:
            rate = self.schedule(self.step)
        else:
            rate = ops.gather(self.table, ops.minimum(self.step, self.last_step), 0)
        return ops.depend(rate.reshape(()), ops.assign_add(self.step, Tensor([1], ms.int32)))


class GradientTimesRate(nn.Cell):
    """Moves the rate inside the velocity: an optimizer with rate 1 that gets `rate * gradient`."""

    def __init__(self, inner: Any, rate: Any) -> None:
        super().__init__()
        self.inner, self.rate = inner, Rate(rate)

    def construct(self, gradients: Any) -> Any:
        rate = self.rate()
        scaled: Any = ()
        for gradient in gradients:
            scaled += (gradient * rate,)
        return self.inner(scaled)


class SignOfGradient(nn.Cell):
    """An optimizer that gets signs. nn.Rprop takes that of a product of two gradients, which may underflow."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def construct(self, gradients: Any) -> Any:
        signs: Any = ()
        for gradient in gradients:
            signs += (ops.sign(gradient),)
        return self.inner(signs)


class AssignedRate(nn.Cell):
    """An experimental optimizer, whose rate is a parameter that is assigned before each update."""

    def __init__(self, inner: Any, rate: Any) -> None:
        super().__init__()
        self.inner, self.rate = inner, Rate(rate)
        self.rate_parameter = inner.lrs[0]
        self.mu_products = ParameterTuple(
            inner.mu_product
        )  # the optimizer keeps them in a plain list, which a Cell does not track

    def construct(self, gradients: Any) -> Any:
        assignment = ops.assign(self.rate_parameter, self.rate())
        return self.inner(ops.depend(gradients, assignment))


class FtrlAtRate(nn.Cell):
    """The operator of nn.FTRL with the rate of each update."""

    def __init__(self, s: spec.Ftrl, parameters: Any, rate: Any) -> None:
        super().__init__()
        self.s, self.rate, self.apply = s, Rate(rate), ops.ApplyFtrl()
        self.weights = ParameterTuple(parameters)
        self.moments = self.weights.clone(prefix="moments", init=s.initial_accumulator)
        self.linear = self.weights.clone(prefix="linear", init="zeros")

    def construct(self, gradients: Any) -> Any:
        s, rate = self.s, self.rate()
        assignments: Any = ()
        for index, w in enumerate(self.weights):
            slots = self.moments[index], self.linear[index]
            assignments += (self.apply(w, *slots, gradients[index], rate, s.l1, s.l2, s.learning_rate_power),)
        return assignments
