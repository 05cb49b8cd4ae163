"""Recurrent layers around MindSpore's own, and from primitives, one step after the other.

Each is called with x (B, steps, in) and returns the states of all steps (B, steps, units).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mindspore import nn, ops

from adapters.gates import GATES
from adapters.mindspore.activations import activation as function
from adapters.mindspore.layers.base import BuiltLayer, initial_value, parameter
from adapters.mindspore.runtime import floats
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.model import PlacedLayer

SUFFIX = "_l0"


def native_layer(native: Any, prefix: str, placed: PlacedLayer, weights: Parameters, setting: Setting) -> BuiltLayer:
    """A layer of MindSpore with our weights. Of two biases that it adds, the second is 0 and is not trained."""
    word: Any = placed.layer
    layout = GATES["mindspore"][type(native).__name__]
    by_name = {variable.name.rpartition(".")[2]: variable for variable in native.get_parameters()}
    names = {"kernel": layout.kernel, "recurrent_kernel": layout.recurrent_kernel}
    if word.use_bias:
        names["bias"], second = layout.biases
        zero_bias = by_name[second + SUFFIX]
        zeros = np.zeros(zero_bias.shape)
        zero_bias.set_data(floats(zeros, setting))
        zero_bias.requires_grad = False
    parameters = {prefix + key: by_name[name + SUFFIX] for key, name in names.items()}
    for name, variable in parameters.items():
        variable.set_data(initial_value(name, placed, weights, setting))
    return BuiltLayer(States(Outputs(native), word), parameters=parameters)


def stepwise_layer(steps: Any, placed: PlacedLayer, weights: Parameters, setting: Setting) -> BuiltLayer:
    """A layer from primitives: `steps` is a class of this module."""
    word: Any = placed.layer
    parameters = {p.name: parameter(p.name, placed, weights, setting) for p in word.parameters(placed.input_shape)}
    return BuiltLayer(States(steps(parameters, placed, setting), word), parameters=parameters)


class States(nn.Cell):
    """The states of all steps, or only the last of them, (B, units)."""

    def __init__(self, states: Any, word: Any) -> None:
        super().__init__()
        self.states, self.all_steps = states, word.return_sequences

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        states = self.states(x)
        return states if self.all_steps else states[:, -1]


class Outputs(nn.Cell):
    """A layer of MindSpore without the state that it returns besides its outputs."""

    def __init__(self, native: Any) -> None:
        super().__init__()
        self.native = native

    def construct(self, x: Any) -> Any:
        return self.native(x)[0]


class GruOfRows(nn.Cell):
    """The recurrence of nn.GRU, given its biases as the two rows of one parameter."""

    def __init__(self, parameters: dict[str, Any], placed: PlacedLayer, setting: Setting) -> None:
        super().__init__()
        word: Any = placed.layer
        self.recurrence = nn.GRU(placed.input_shape[1], word.units).rnn
        self.kernel, self.recurrent_kernel = parameters["gru_kernel"], parameters["gru_recurrent_kernel"]
        self.bias, self.units = parameters["gru_bias"], word.units

    def construct(self, x: Any) -> Any:
        state = ops.zeros((x.shape[0], self.units), x.dtype)
        by_step = x.swapaxes(0, 1)
        arrays = self.kernel, self.recurrent_kernel, self.bias[0], self.bias[1]
        return self.recurrence(by_step, state, None, *arrays)[0].swapaxes(0, 1)


class Steps(nn.Cell):
    """Base of the layers from primitives. `biases`: the input's, and the state's if it has one of its own."""

    def __init__(self, parameters: dict[str, Any], placed: PlacedLayer, setting: Setting) -> None:
        super().__init__()
        word: Any = placed.layer
        self.kernel, self.recurrent_kernel = (
            parameters[f"{word.prefix}kernel"],
            parameters[f"{word.prefix}recurrent_kernel"],
        )
        self.bias = parameters.get(f"{word.prefix}bias")
        self.units, self.gates, self.steps = word.units, word.gates, placed.input_shape[0]
        self.squash = function(word.activation, setting)
        self.gate = function(getattr(word, "recurrent_activation", word.activation), setting)

    def by_input(self, x: Any, bias: Any) -> Any:
        """`x W + b` for all steps, (B, steps, gates * units)."""
        product = self.product(x, self.kernel)
        return product if bias is None else product + ops.cast(bias, x.dtype)

    def product(self, x: Any, kernel: Any) -> Any:
        """`x kernel^T`, in the precision of x."""
        return ops.matmul(x, ops.cast(kernel, x.dtype).T)

    def block(self, z: Any, number: int) -> Any:
        """The block of a gate."""
        return z[:, number * self.units : (number + 1) * self.units]

    def first_state(self, x: Any) -> Any:
        return ops.zeros((x.shape[0], self.units), x.dtype)


class SimpleSteps(Steps):
    """`h' = activation(x W + h U + bias)`."""

    def construct(self, x: Any) -> Any:
        by_input, state = self.by_input(x, self.bias), self.first_state(x)
        states = []
        for t in range(self.steps):
            state = self.squash(by_input[:, t] + self.product(state, self.recurrent_kernel))
            states.append(state)
        return ops.stack(states, 1)


class LstmSteps(Steps):
    """`c' = f c + i g; h' = o activation(c')`, the gates in the order i, f, g, o."""

    def construct(self, x: Any) -> Any:
        by_input, state = self.by_input(x, self.bias), self.first_state(x)
        cell = state
        states = []
        for t in range(self.steps):
            z = by_input[:, t] + self.product(state, self.recurrent_kernel)
            new = self.gate(self.block(z, 0)) * self.squash(self.block(z, 2))
            cell = self.gate(self.block(z, 1)) * cell + new
            state = self.gate(self.block(z, 3)) * self.squash(cell)
            states.append(state)
        return ops.stack(states, 1)


class GruSteps(Steps):
    """`h' = (1 - z) n + z h`, reset after the product. The gates are in MindSpore's order r, z, n."""

    def construct(self, x: Any) -> Any:
        first = None if self.bias is None else self.bias[0]
        by_input, state = self.by_input(x, first), self.first_state(x)
        states = []
        for t in range(self.steps):
            z = by_input[:, t]
            by_state = self.product(state, self.recurrent_kernel)
            if self.bias is not None:
                by_state = by_state + ops.cast(self.bias[1], x.dtype)
            reset = self.gate(self.block(z, 0) + self.block(by_state, 0))
            update = self.gate(self.block(z, 1) + self.block(by_state, 1))
            candidate = self.squash(self.block(z, 2) + reset * self.block(by_state, 2))
            state = candidate + update * (state - candidate)
            states.append(state)
        return ops.stack(states, 1)


class GruStepsResetBefore(Steps):
    """`h' = (1 - z) n + z h`, reset before the product. The gates are in MindSpore's order r, z, n."""

    def construct(self, x: Any) -> Any:
        by_input, state = self.by_input(x, self.bias), self.first_state(x)
        of_gates, of_candidate = self.recurrent_kernel[: 2 * self.units], self.recurrent_kernel[2 * self.units :]
        states = []
        for t in range(self.steps):
            z = by_input[:, t]
            by_state = self.product(state, of_gates)
            reset = self.gate(self.block(z, 0) + self.block(by_state, 0))
            update = self.gate(self.block(z, 1) + self.block(by_state, 1))
            candidate = self.squash(self.block(z, 2) + self.product(reset * state, of_candidate))
            state = candidate + update * (state - candidate)
            states.append(state)
        return ops.stack(states, 1)
