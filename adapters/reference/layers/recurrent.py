"""Recurrent layers: the states of all steps, and the pullback through them, the last step first.

A tensor of a step is (draws..., B, units), with the axes of draws that the parameters have; see
`adapters.reference.draws`. In mixed precision each is rounded. So
is what each step adds to a gradient by weights, which Keras then sums in float32, and the sum, which is of 16 bits in
MindSpore.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

from adapters.gates import CANONICAL_ORDERS
from adapters.protocol import Array, Parameters
from adapters.reference.activations import activate
from adapters.reference.draws import at_kinks
from adapters.reference.layers.base import Applied
from adapters.reference.rectifiers import KINKS
from adapters.reference.rounding import is_active, rounded
from harness.spec.activations import Activation
from harness.spec.model import PlacedLayer

Gate = tuple[Array, Callable[[Array], Array]]
# From a step's number and the gradients by its state and its cell: those by the state and the cell before. It tells
# the run the gradients of the step. Only an LSTM has a cell.
StepBack = Callable[[int, Array, Array], tuple[Array, Array]]


def simple_rnn(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    run = _Run(placed, weights, x, "")
    steps = []
    for t in range(run.steps):
        y, back = run.gate("activation", word.activation, run.by_input[..., t, :] + run.by_state_before())
        steps.append(back)
        run.advance(y)

    def step_back(t: int, dh: Array, dc: Array) -> tuple[Array, Array]:
        dz = steps[t](dh)
        run.add_gradient(t, dz, dz)
        return rounded(dz @ run.recurrent_kernel.swapaxes(-1, -2)), dc

    return run.applied(word, step_back)


def lstm(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    run = _Run(placed, weights, x, "")
    cell = np.zeros_like(run.state)
    steps: list[Any] = []
    for t in range(run.steps):
        z = run.blocks("lstm", run.by_input[..., t, :] + run.by_state_before())
        gates = {name: run.gate(name, word.recurrent_activation, z[name]) for name in ("input", "forget", "output")}
        gates["cell"] = run.gate("cell", word.activation, z["cell"])
        added = rounded(gates["input"][0] * gates["cell"][0])
        before, cell = cell, rounded(rounded(gates["forget"][0] * cell) + added)
        squashed = run.gate("activation", word.activation, cell)
        steps.append((gates, before, squashed))
        run.advance(rounded(gates["output"][0] * squashed[0]))

    def step_back(t: int, dh: Array, dc: Array) -> tuple[Array, Array]:
        gates, before, (squashed, squash_back) = steps[t]
        (i, back_i), (f, back_f), (g, back_g), (o, back_o) = (gates[name] for name in CANONICAL_ORDERS["lstm"])
        dc = rounded(dc + squash_back(dh * o))
        parts = [back_i(dc * g), back_f(dc * before), back_g(dc * i), back_o(dh * squashed)]
        dz = np.concatenate(parts, axis=-1)
        run.add_gradient(t, dz, dz)
        return rounded(dz @ run.recurrent_kernel.swapaxes(-1, -2)), rounded(dc * f)

    return run.applied(word, step_back)


def gru(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    run = _Run(placed, weights, x, "gru_")
    return (_gru_reset_after if word.reset == "after" else _gru_reset_before)(word, run)


def _gru_reset_after(word: Any, run: _Run) -> Applied:
    steps: list[Any] = []
    for t in range(run.steps):
        before, by_input = run.state, run.blocks("gru", run.by_input[..., t, :])
        by_state = run.blocks("gru", rounded(run.by_state_before() + run.recurrent_bias))
        update, reset = (
            run.gate(name, word.recurrent_activation, by_input[name] + by_state[name]) for name in ("update", "reset")
        )
        inner = by_state["candidate"]
        candidate = run.gate("candidate", word.activation, by_input["candidate"] + rounded(reset[0] * inner))
        steps.append((before, update, reset, candidate, inner))
        run.advance(_between(update[0], candidate[0], before))

    def step_back(t: int, dh: Array, dc: Array) -> tuple[Array, Array]:
        before, (z, back_z), (r, back_r), (n, back_n), inner = steps[t]
        dn = back_n(dh * rounded(1 - z))
        gates = [back_z(dh * rounded(before - n)), back_r(dn * inner)]
        by_state = np.concatenate([*gates, rounded(dn * r)], axis=-1)
        run.add_gradient(t, np.concatenate([*gates, dn], axis=-1), by_state)
        return rounded(rounded(dh * z) + rounded(by_state @ run.recurrent_kernel.swapaxes(-1, -2))), dc

    return run.applied(word, step_back)


def _gru_reset_before(word: Any, run: _Run) -> Applied:
    units = run.state.shape[-1]
    of_gates, of_candidate = run.recurrent_kernel[..., : 2 * units], run.recurrent_kernel[..., 2 * units :]
    steps: list[Any] = []
    for t in range(run.steps):
        before, by_input = run.state, run.blocks("gru", run.by_input[..., t, :])
        by_state = rounded(before @ of_gates)
        update = run.gate("update", word.recurrent_activation, by_input["update"] + by_state[..., :units])
        reset = run.gate("reset", word.recurrent_activation, by_input["reset"] + by_state[..., units:])
        kept = rounded(reset[0] * before)
        candidate = run.gate("candidate", word.activation, by_input["candidate"] + rounded(kept @ of_candidate))
        steps.append((before, update, reset, candidate))
        run.kept.append(kept)
        run.advance(_between(update[0], candidate[0], before))

    def step_back(t: int, dh: Array, dc: Array) -> tuple[Array, Array]:
        before, (z, back_z), (r, back_r), (n, back_n) = steps[t]
        dn = back_n(dh * rounded(1 - z))
        by_kept = rounded(dn @ of_candidate.swapaxes(-1, -2))
        gates = np.concatenate([back_z(dh * rounded(before - n)), back_r(by_kept * before)], axis=-1)
        both = np.concatenate([gates, dn], axis=-1)
        run.add_gradient(t, both, both)
        direct = rounded(rounded(dh * z) + rounded(by_kept * r))
        return rounded(direct + rounded(gates @ of_gates.swapaxes(-1, -2))), dc

    return run.applied(word, step_back)


def _between(z: Array, new: Array, old: Array) -> Array:
    """`(1 - z) new + z old`."""
    return rounded(rounded(rounded(1 - z) * new) + rounded(z * old))


@dataclass
class _Run:
    """One run over the steps: what it computes for all steps at once, its states, and its gradients.

    `kept`: for each step what a block of the recurrent kernel multiplies instead of the state, if it does.
    """

    placed: PlacedLayer
    weights: Parameters
    x: Array
    prefix: str
    kept: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        kernel, self.recurrent_kernel = (self.weights[f"{self.prefix}{key}"] for key in ("kernel", "recurrent_kernel"))
        self.draws, self.steps = kernel.shape[:-2], self.x.shape[1]
        self.rows = self.x.reshape(*self.draws, -1, self.x.shape[-1])
        by_input = rounded(self.rows @ kernel)
        bias = self.weights.get(f"{self.prefix}bias")
        self.recurrent_bias: Any = by_input.dtype.type(0)
        if bias is not None and bias.ndim == len(self.draws) + 2:
            self.recurrent_bias, bias = bias[..., 1:, :], bias[..., 0, :]
        if bias is not None:
            by_input = rounded(by_input + bias[..., None, :])
        samples = self.rows.shape[-2] // self.steps
        self.by_input = by_input.reshape(*self.draws, samples, self.steps, -1)
        self.state = np.zeros((*self.draws, samples, self.recurrent_kernel.shape[-2]), by_input.dtype)
        self.states = [self.state]
        self.by_gates, self.by_state = np.empty_like(self.by_input), np.empty_like(self.by_input)
        self.bent: dict[str, tuple[Activation, list[Array]]] = {}

    def by_state_before(self) -> Array:
        """`h U`, of the state before the next step."""
        return rounded(self.state @ self.recurrent_kernel)

    def gate(self, name: str, word: Activation, z: Array) -> Gate:
        """The activation of a gate and its pullback."""
        samples = rounded(z.reshape(-1, z.shape[-1]))
        if type(word) in KINKS:
            samples = at_kinks(word, samples)
            self.bent.setdefault(name, (word, []))[1].append(samples)
        y, back = activate(word, samples)

        def pullback(dy: Array) -> Array:
            return rounded(back(rounded(dy.reshape(samples.shape)))[0]).reshape(z.shape)

        return rounded(y).reshape(z.shape), pullback

    def blocks(self, kind: Any, z: Array) -> dict[str, Array]:
        """The blocks of z by gate."""
        order = CANONICAL_ORDERS[kind]
        return dict(zip(order, np.split(z, len(order), axis=-1), strict=True))

    def advance(self, state: Array) -> None:
        """The state after the next step."""
        self.state = state
        self.states.append(state)

    def add_gradient(self, t: int, by_input: Array, by_state: Array) -> None:
        """The gradients by what step t adds of the input and of the state."""
        self.by_gates[..., t, :], self.by_state[..., t, :] = by_input, by_state

    def applied(self, word: Any, step_back: StepBack) -> Applied:
        """The layer's result."""
        states = np.stack(self.states[1:], axis=-2)
        y = states if word.return_sequences else self.state

        def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
            upstream = dy.reshape(y.shape)
            dh, dc = np.zeros_like(self.state), np.zeros_like(self.state)
            for t in reversed(range(self.steps)):
                if word.return_sequences:
                    dh = rounded(dh + upstream[..., t, :])
                elif t == self.steps - 1:
                    dh = upstream
                dh, dc = step_back(t, dh, dc)
            return self._gradients()

        bent = {name: (kind, np.stack(z, axis=1)) for name, (kind, z) in self.bent.items()}
        return Applied(y.reshape(len(self.x), *y.shape[len(self.draws) + 1 :]), pullback, bent=bent)

    def _gradients(self) -> tuple[Array, dict[str, Array]]:
        kernel = self.weights[f"{self.prefix}kernel"]
        by_recurrent = self._over_steps(_product, np.stack(self.states[:-1], axis=-2), self.by_state)
        if self.kept:
            units = self.state.shape[-1]
            kept, by_candidate = np.stack(self.kept, axis=-2), self.by_state[..., 2 * units :]
            by_recurrent[..., 2 * units :] = self._over_steps(_product, kept, by_candidate)
        x = self.x.reshape(*self.by_gates.shape[:-1], -1)
        gradients = {
            "kernel": self._over_steps(_product, x, self.by_gates),
            "recurrent_kernel": by_recurrent,
        }
        bias = self.weights.get(f"{self.prefix}bias")
        if bias is not None:
            sums = [self._over_steps(_sum, each) for each in (self.by_gates, self.by_state)]
            gradients["bias"] = np.stack(sums, axis=-2) if bias.ndim == len(self.draws) + 2 else sums[0]
        dx = (self._rows(self.by_gates) @ kernel.swapaxes(-1, -2)).reshape(self.x.shape)
        return dx, {f"{self.prefix}{key}": value for key, value in gradients.items()}

    def _over_steps(self, summand: Callable[..., Array], *tensors: Array) -> Array:
        """The summand of the rows of tensors (draws..., B, steps, n), of all steps; in 16 bits of the last first."""
        if not is_active():
            return summand(*(self._rows(each) for each in tensors))
        steps = (rounded(summand(*(each[..., t, :] for each in tensors))) for t in reversed(range(self.steps)))
        return reduce(lambda total, step: rounded(total + step), steps)

    def _rows(self, x: Array) -> Array:
        """(draws..., B, steps, n) as (draws..., B * steps, n)."""
        return x.reshape(*self.draws, -1, x.shape[-1])


def _product(left: Array, right: Array) -> Array:
    return left.swapaxes(-1, -2) @ right


def _sum(rows: Array) -> Array:
    return rows.sum(axis=-2)
