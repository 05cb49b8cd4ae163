"""Recurrent layers over the steps of a sequence."""

from __future__ import annotations

from typing import Any

import mindspore as ms
from mindspore import nn

from adapters.mindspore.layers.base import BuiltLayer
from adapters.mindspore.realisations.recurrent import RECURRENT
from adapters.mindspore.specifics.recurrent import (
    GruOfRows,
    GruSteps,
    GruStepsResetBefore,
    LstmSteps,
    SimpleSteps,
    native_layer,
    stepwise_layer,
)
from adapters.protocol import Parameters
from adapters.setting import Setting, look_up
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def simple_rnn(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """`h' = activation(x W + h U + bias)`."""
    word: Any = placed.layer
    if _kind(placed, setting) == "custom":
        return stepwise_layer(SimpleSteps, placed, weights, setting)
    native = _native(nn.RNN, placed, setting, nonlinearity=word.activation.word())
    return native_layer(native, "", placed, weights, setting)


def lstm(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """`c' = f c + i g; h' = o activation(c')`."""
    if _kind(placed, setting) == "custom":
        return stepwise_layer(LstmSteps, placed, weights, setting)
    return native_layer(_native(nn.LSTM, placed, setting), "", placed, weights, setting)


def gru(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """`h' = (1 - z) n + z h`, the reset gate after or before the product with the state."""
    word: Any = placed.layer
    kind = _kind(placed, setting)
    if kind == "native":
        return native_layer(_native(nn.GRU, placed, setting), "gru_", placed, weights, setting)
    if kind == "composed":
        return stepwise_layer(GruOfRows, placed, weights, setting)
    steps = GruSteps if word.reset == "after" else GruStepsResetBefore
    return stepwise_layer(steps, placed, weights, setting)


def _kind(placed: PlacedLayer, setting: Setting) -> str:
    return look_up(RECURRENT, placed.layer, setting).kind


def _native(layer: Any, placed: PlacedLayer, setting: Setting, **options: Any) -> Any:
    word: Any = placed.layer
    features = placed.input_shape[1]
    return layer(
        features, word.units, has_bias=word.use_bias, batch_first=True, dtype=getattr(ms, setting.precision), **options
    )
