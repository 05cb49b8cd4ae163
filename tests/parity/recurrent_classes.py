"""The frameworks' own recurrent classes, with parameters that the table of gates lays out. Run in their processes."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.gates import GATES, GateLayout, base_name, gate_layout, native_parameters


def in_mindspore(name: str, x: Any, canonical: dict[str, Any], hidden: dict[str, Any]) -> Any:
    """The state after every step, (B, steps, units), by `mindspore.nn`. `hidden`: what is added to the second bias."""
    import mindspore as ms
    from mindspore import Tensor, nn

    layout = GATES["mindspore"][name]
    units = len(canonical["recurrent_kernel"])
    is_cell = name.endswith("Cell")
    layer = getattr(nn, name)(x.shape[-1], units, **({} if is_cell else {"batch_first": True}))
    native = _moved(layout, native_parameters(layout, canonical), hidden)
    for parameter in layer.get_parameters():
        value = native[base_name(parameter.name.rpartition(".")[2])[0]]
        assert tuple(parameter.shape) == value.shape
        parameter.set_data(Tensor(value, ms.float32))
    if not is_cell:
        return layer(Tensor(x, ms.float32))[0].asnumpy()
    zero = Tensor(np.zeros((len(x), units)), ms.float32)
    state: Any = (zero, zero) if name == "LSTMCell" else zero
    states = []
    for t in range(x.shape[1]):
        state = layer(Tensor(x[:, t], ms.float32), state)
        states.append((state[0] if name == "LSTMCell" else state).asnumpy())
    return np.stack(states, axis=1)


def in_tensorflow(name: str, x: Any, canonical: dict[str, Any], reset_after: bool) -> Any:
    """The state after every step, (B, steps, units), by `keras.layers`."""
    import keras

    layout = gate_layout("tensorflow", name, reset_after)
    assert layout is not None
    units = len(canonical["recurrent_kernel"])
    layer_options = {"return_sequences": True}
    options = {"reset_after": reset_after} if name.startswith("GRU") else {}
    if name.endswith("Cell"):
        layer = keras.layers.RNN(getattr(keras.layers, name)(units, **options), **layer_options)
    else:
        layer = getattr(keras.layers, name)(units, **options, **layer_options)
    layer.build(x.shape)
    native = native_parameters(layout, canonical)
    for variable in layer.weights:
        assert tuple(variable.shape) == native[variable.name].shape
        variable.assign(native[variable.name])
    return np.asarray(layer(x.astype(np.float32)))


def _moved(layout: GateLayout, native: dict[str, Any], hidden: dict[str, Any]) -> dict[str, Any]:
    """Of two biases that are summed, a part of the first moved to the second: the sum is what counts."""
    if layout.bias != "summed":
        return native
    first, second = layout.biases
    return {**native, first: native[first] - hidden["bias"], second: native[second] + hidden["bias"]}
