"""A user's own loss, optimizer and schedule in MindSpore."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from adapters.mindspore.specifics.float64.losses import compose_loss
from adapters.mindspore.specifics.float64.switching import replace_kernels
from adapters.protocol import FloatArray
from adapters.setting import Setting
from adapters.user_data import MisfitError
from adapters.user_words import called, function_of, location, loss_function, rates_of, require_number, takes
from harness.spec.own import OwnLoss, OwnOptimizer, OwnSchedule

Optimizers = (nn.Optimizer, ms.experimental.optim.Optimizer)


def own_loss(word: OwnLoss, setting: Setting) -> Any:
    """The function from outputs and targets, as they are, to the loss. It is called as `loss(outputs, targets)`."""
    loss = OwnLossFunction(word)
    if setting.precision == "float64":
        replace_kernels()
        compose_loss(loss)
    return loss


def own_rates(word: OwnSchedule, horizon: int, setting: Setting) -> FloatArray:
    """The rates of the first `horizon` updates, (horizon,)."""
    return rates_of(word, horizon, _rate_at)


def own_optimizer(word: OwnOptimizer, parameters: dict[str, Any], rate: Any) -> Any:
    """The update, a Cell, by the user's optimizer, which takes the gradients in the order of the parameters.

    The function is called with the list of parameters and, if it has a parameter `learning_rate`, with the rate.
    """
    function, needed = function_of(word)
    variables = list(parameters.values())
    named = {"learning_rate": rate} if takes(function, "learning_rate") and rate is not None else {}
    if needed - len(named) != 1:
        raise MisfitError(
            f"{location(word)} needs {needed} arguments; it is called with the trainable parameters, and with "
            "learning_rate if it takes that"
        )
    made = called(word, function, variables, **named)
    if not isinstance(made, Optimizers):
        raise MisfitError(f"{location(word)} returned {type(made).__name__}, not an optimizer of MindSpore")
    return OwnUpdate(made, variables, word)


class OwnLossFunction(nn.Cell):
    """The user's loss as a Cell of outputs and targets."""

    def __init__(self, word: OwnLoss) -> None:
        super().__init__()
        self.word, self.inner = word, loss_function(word)

    def construct(self, outputs: Any, y: Any) -> Any:
        value = self.inner(outputs, y)
        require_number(self.word, value.shape)
        return value


class OwnUpdate(nn.Cell):
    """The user's optimizer, given the gradients in the order of its own parameters, which it may have grouped."""

    def __init__(self, inner: Any, variables: list[Any], word: OwnOptimizer) -> None:
        super().__init__()
        self.inner = inner
        number_of = {id(variable): number for number, variable in enumerate(variables)}
        unknown = [parameter.name for parameter in inner.parameters if id(parameter) not in number_of]
        if unknown or len(inner.parameters) != len(variables):
            missing = [v.name for v in variables if id(v) not in {id(p) for p in inner.parameters}]
            raise MisfitError(
                f"{location(word)}: the optimizer must update the parameters that it is given; "
                f"left out: {', '.join(missing) or 'none'}; not given: {', '.join(unknown) or 'none'}"
            )
        self.order = tuple(number_of[id(parameter)] for parameter in inner.parameters)

    def construct(self, gradients: Any) -> Any:
        return self.inner(tuple(gradients[number] for number in self.order))


def _rate_at(schedule: Any, step: int) -> Any:
    if isinstance(schedule, nn.Cell):
        return ops.reshape(schedule(Tensor(step, ms.int32)), ()).asnumpy()
    return schedule(step)
