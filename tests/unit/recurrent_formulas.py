"""Recurrent layers as the literature states them, step by step and gate by gate, in NumPy; what the tests measure by.

Every block of a gate is read by its name, so that no order of gates is assumed but that of `CANONICAL_ORDERS`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.gates import CANONICAL_ORDERS


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def outputs(kind: str, x: Any, kernel: Any, recurrent_kernel: Any, bias: Any, reset_after: bool = True) -> Any:
    """The state after every step, (B, steps, units), from a state of zeros; arrays in canonical layout."""
    order = CANONICAL_ORDERS[kind]  # type: ignore[index]
    units = len(recurrent_kernel)
    where = {gate: slice(k * units, (k + 1) * units) for k, gate in enumerate(order)}
    first, second = (bias, np.zeros_like(bias)) if bias.ndim == 1 else bias
    h = c = np.zeros((len(x), units))
    states = []
    for t in range(x.shape[1]):
        by_input = {gate: x[:, t] @ kernel[:, at] + first[at] for gate, at in where.items()}
        by_state = {gate: h @ recurrent_kernel[:, at] + second[at] for gate, at in where.items()}
        if kind == "simple_rnn":
            h = np.tanh(by_input["state"] + by_state["state"])
        elif kind == "lstm":
            z = {gate: by_input[gate] + by_state[gate] for gate in order}
            c = sigmoid(z["forget"]) * c + sigmoid(z["input"]) * np.tanh(z["cell"])
            h = sigmoid(z["output"]) * np.tanh(c)
        else:
            update, reset = (sigmoid(by_input[gate] + by_state[gate]) for gate in ("update", "reset"))
            at = where["candidate"]
            inner = reset * by_state["candidate"] if reset_after else (reset * h) @ recurrent_kernel[:, at]
            h = (1 - update) * np.tanh(by_input["candidate"] + inner) + update * h
        states.append(h)
    return np.stack(states, axis=1)
