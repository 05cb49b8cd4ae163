"""Recurrent layers over the steps of a sequence."""

from __future__ import annotations

from typing import Any

import keras

from adapters.protocol import Parameters
from adapters.setting import Setting
from adapters.tensorflow.activations import activation as function
from adapters.tensorflow.layers.base import BuiltLayer, PlainLayer
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def simple_rnn(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """`h' = activation(x W + h U + bias)`."""
    return _recurrent(placed, setting, keras.layers.SimpleRNN)


def lstm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """`c' = f c + i g; h' = o activation(c')`."""
    word: Any = placed.layer
    return _recurrent(
        placed, setting, keras.layers.LSTM, recurrent_activation=function(word.recurrent_activation, setting)
    )


def gru(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """`h' = (1 - z) n + z h`, the reset gate after or before the product with the state."""
    word: Any = placed.layer
    return _recurrent(
        placed,
        setting,
        keras.layers.GRU,
        recurrent_activation=function(word.recurrent_activation, setting),
        reset_after=word.reset == "after",
    )


def _recurrent(placed: PlacedLayer, setting: Setting, layer: Any, **options: Any) -> BuiltLayer:
    word: Any = placed.layer
    native = layer(
        word.units,
        activation=function(word.activation, setting),
        use_bias=word.use_bias,
        return_sequences=word.return_sequences,
        dtype=setting.policy,
        **options,
    )
    native.build((None, *placed.input_shape))
    names = [p.name for p in word.parameters(placed.input_shape)]
    parameters = {name: getattr(native.cell, name.removeprefix("gru_")) for name in names}
    return BuiltLayer(PlainLayer(native), parameters=parameters)
