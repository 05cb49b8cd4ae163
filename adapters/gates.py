"""How the frameworks' recurrent layers lay out their gates and biases: one table for our words and for users' models.

The formulas, for an input x (B, in) of one step and a state h (B, units). W, U and b are the blocks of the kernel, the
recurrent kernel and the bias that belong to a gate:

    simple_rnn         h' = tanh(x W + h U + b)
    lstm               i, f, o = sigmoid(x W + h U + b), each with its blocks;  g = tanh(x W_g + h U_g + b_g)
                       c' = f c + i g;  h' = o tanh(c')
    gru, reset after   z, r = sigmoid(x W + b + h U + d), each with its blocks;  n = tanh(x W_n + b_n + r (h U_n + d_n))
                       h' = (1 - z) n + z h;  d is the second bias
    gru, reset before  z, r as above without d;  n = tanh(x W_n + b_n + (r h) U_n);  h' = (1 - z) n + z h

The canonical layout is that of Keras: a kernel (in, gates * units), a recurrent kernel (units, gates * units) and a
bias (gates * units,), or (2, gates * units) for a GRU that resets after. The gates are in the order of
`CANONICAL_ORDERS`.

Where a layer adds two biases (`summed`), only their sum matters for its output. Both get the same gradient, so that
under a gradient descent the sum moves twice as far in a step as one bias does.

Sources: Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000; Cho et al., 2014 (reset before);
cuDNN's GRU (reset after); the pages and the code of the classes that the table names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from adapters.protocol import Array, IntArray

RecurrentKind = Literal["simple_rnn", "lstm", "gru"]
# one: a single bias. summed: two, which are added. apart: two, the second within the product with the reset gate.
# stacked: as `apart`, as the two rows of one array.
BiasConvention = Literal["one", "summed", "apart", "stacked"]

CANONICAL_ORDERS: dict[RecurrentKind, tuple[str, ...]] = {
    "simple_rnn": ("state",),
    "lstm": ("input", "forget", "cell", "output"),
    "gru": ("update", "reset", "candidate"),
}


@dataclass(frozen=True)
class GateLayout:
    """The parameters of one class of recurrent layers.

    `order`: the gates, as blocks of every parameter. `kernel`, `recurrent_kernel`, `biases`: the names of the
    parameters; those of a class that stacks layers have a suffix such as `_l0` or `_l0_reverse` (see `base_name`).
    `transposed`: whether kernels are (gates * units, in). `source`: the page that states it.
    """

    kind: RecurrentKind
    order: tuple[str, ...]
    kernel: str
    recurrent_kernel: str
    biases: tuple[str, ...]
    bias: BiasConvention
    transposed: bool
    source: str


def _mindspore(kind: RecurrentKind, order: tuple[str, ...], bias: BiasConvention, page: str) -> GateLayout:
    names = "weight_ih", "weight_hh", ("bias_ih", "bias_hh")
    source = f"https://www.mindspore.cn/docs/en/master/api_python/nn/mindspore.nn.{page}.html"
    return GateLayout(kind, order, *names, bias, True, source)


def _keras(kind: RecurrentKind, bias: BiasConvention, page: str) -> GateLayout:
    names = "kernel", "recurrent_kernel", ("bias",)
    source = f"https://keras.io/api/layers/recurrent_layers/{page}/"
    return GateLayout(kind, CANONICAL_ORDERS[kind], *names, bias, False, source)


_RESET_FIRST = ("reset", "update", "candidate")

# By adapter and class of the framework. A class of cells has the layout of the layer's class.
GATES: dict[str, dict[str, GateLayout]] = {
    "mindspore": {
        **{name: _mindspore("simple_rnn", ("state",), "summed", name) for name in ("RNN", "RNNCell")},
        **{name: _mindspore("lstm", CANONICAL_ORDERS["lstm"], "summed", name) for name in ("LSTM", "LSTMCell")},
        **{name: _mindspore("gru", _RESET_FIRST, "apart", name) for name in ("GRU", "GRUCell")},
    },
    "tensorflow": {
        **{name: _keras("simple_rnn", "one", "simple_rnn") for name in ("SimpleRNN", "SimpleRNNCell")},
        **{name: _keras("lstm", "one", "lstm") for name in ("LSTM", "LSTMCell")},
        **{name: _keras("gru", "stacked", "gru") for name in ("GRU", "GRUCell")},
    },
}


def gate_layout(adapter: str, class_name: str, reset_after: bool = True) -> GateLayout | None:
    """The layout of a class of the adapter's framework; None if it is no recurrent layer that the table knows.

    `reset_after` is Keras' argument of that name; every GRU of MindSpore resets after.
    """
    layout = GATES.get(adapter, {}).get(class_name)
    if layout is not None and layout.bias == "stacked" and not reset_after:
        return replace(layout, bias="one")
    return layout


def base_name(name: str) -> tuple[str, str]:
    """The name of a parameter without its suffix, and the suffix: `("weight_ih", "_l0_reverse")`."""
    for base in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        if name.startswith(f"{base}_l"):
            return base, name.removeprefix(base)
    return name, ""


def gate_indices(units: int, source: tuple[str, ...], target: tuple[str, ...]) -> IntArray:
    """The positions along the axis of gates that turn the order `source` into `target`, for `np.take`."""
    blocks = np.arange(len(source) * units).reshape(len(source), units)
    return blocks[[source.index(gate) for gate in target]].ravel()


def reordered(value: Array, source: tuple[str, ...], target: tuple[str, ...], axis: int = -1) -> Array:
    """The array with its blocks of gates along the axis in the order `target` instead of `source`."""
    if source == target:
        return value
    return np.take(value, gate_indices(value.shape[axis] // len(source), source, target), axis=axis)


def canonical_parameters(layout: GateLayout, parameters: Mapping[str, Array]) -> dict[str, Array]:
    """The canonical `kernel`, `recurrent_kernel` and `bias` of a layer whose parameters have the names of `layout`.

    Two biases that are summed become their sum. Without biases there is no `bias`.
    """
    canonical_order = CANONICAL_ORDERS[layout.kind]

    def canonical(name: str, transposed: bool) -> Array:
        value = parameters[name].T if transposed else parameters[name]
        return reordered(value, layout.order, canonical_order)

    arrays = {
        "kernel": canonical(layout.kernel, layout.transposed),
        "recurrent_kernel": canonical(layout.recurrent_kernel, layout.transposed),
    }
    biases = [canonical(name, False) for name in layout.biases if name in parameters]
    if not biases:
        return arrays
    if layout.bias == "summed":
        return {**arrays, "bias": biases[0] + biases[1]}
    return {**arrays, "bias": np.stack(biases) if layout.bias == "apart" else biases[0]}


def native_parameters(layout: GateLayout, canonical: Mapping[str, Array]) -> dict[str, Array]:
    """The parameters of `layout` for canonical arrays. Of two biases that are summed, the second is 0."""
    canonical_order = CANONICAL_ORDERS[layout.kind]
    arrays = {key: reordered(value, canonical_order, layout.order) for key, value in canonical.items()}
    parameters = {
        name: np.ascontiguousarray(arrays[key].T) if layout.transposed else arrays[key]
        for name, key in ((layout.kernel, "kernel"), (layout.recurrent_kernel, "recurrent_kernel"))
    }
    if "bias" not in arrays:
        return parameters
    bias = arrays["bias"]
    if layout.bias == "summed":
        return {**parameters, **dict(zip(layout.biases, (bias, np.zeros_like(bias)), strict=True))}
    if layout.bias == "apart":
        return {**parameters, **dict(zip(layout.biases, bias, strict=True))}
    return {**parameters, layout.biases[0]: bias}
