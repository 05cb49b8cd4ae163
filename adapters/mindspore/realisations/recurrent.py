"""How MindSpore makes the recurrent layers."""

from __future__ import annotations

from typing import Any

from adapters.setting import Entries, Realisation, Setting, composed, custom, native
from harness.spec import layers as spec
from harness.spec.activations import Relu, Sigmoid, Tanh

ONE_STEP_AFTER_THE_OTHER = "matmul and activations, one step after the other"
IN_FLOAT16 = "on Ascend the native one computes in float16"


def _simple_rnn(word: Any, setting: Setting) -> Realisation:
    if word.activation not in (Tanh(), Relu()):
        return custom(ONE_STEP_AFTER_THE_OTHER, "nn.RNN has tanh and relu alone")
    return _with_one_bias("nn.RNN", word)


def _lstm(word: Any, setting: Setting) -> Realisation:
    if setting.device == "ascend":
        return custom(ONE_STEP_AFTER_THE_OTHER, IN_FLOAT16)
    if setting.half:
        return custom(ONE_STEP_AFTER_THE_OTHER, "in float16 the gradients of nn.LSTM are wrong")
    if setting.precision == "float64":
        return custom(ONE_STEP_AFTER_THE_OTHER, "in float64 the gradients of nn.LSTM are wrong")
    if (word.activation, word.recurrent_activation) != (Tanh(), Sigmoid()):
        return custom(ONE_STEP_AFTER_THE_OTHER, "nn.LSTM has tanh and sigmoid alone")
    return _with_one_bias("nn.LSTM", word)


def _gru(word: Any, setting: Setting) -> Realisation:
    if setting.device == "ascend":
        return custom(ONE_STEP_AFTER_THE_OTHER, IN_FLOAT16)
    if word.reset == "before":
        return custom(ONE_STEP_AFTER_THE_OTHER, "nn.GRU resets after the product alone")
    if (word.activation, word.recurrent_activation) != (Tanh(), Sigmoid()):
        return custom(ONE_STEP_AFTER_THE_OTHER, "nn.GRU has tanh and sigmoid alone")
    if word.use_bias:
        return composed("nn.GRU, called with the rows of one bias", "nn.GRU has two biases")
    return native("nn.GRU")


def _with_one_bias(name: str, word: Any) -> Realisation:
    return composed(f"{name}, its second bias fixed at 0", f"{name} adds two biases") if word.use_bias else native(name)


RECURRENT: Entries = {spec.SimpleRnn: _simple_rnn, spec.Lstm: _lstm, spec.Gru: _gru}
