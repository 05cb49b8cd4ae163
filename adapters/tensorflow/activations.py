"""Activations as TensorFlow operations on tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import activations as spec


def linear(_: spec.Linear, setting: Setting) -> Any:
    return keras.activations.linear


def sigmoid(_: spec.Sigmoid, setting: Setting) -> Any:
    return keras.activations.sigmoid


def tanh(_: spec.Tanh, setting: Setting) -> Any:
    return keras.activations.tanh


def relu(_: spec.Relu, setting: Setting) -> Any:
    return keras.activations.relu  # its gradient at 0 is 0


def softmax(_: spec.Softmax, setting: Setting) -> Any:
    return keras.activations.softmax


ACTIVATIONS: dict[type[spec.Activation], Callable[[Any, Setting], Any]] = {
    spec.Linear: linear,
    spec.Sigmoid: sigmoid,
    spec.Tanh: tanh,
    spec.Relu: relu,
    spec.Softmax: softmax,
}


def activation(word: spec.Activation, setting: Setting) -> Any:
    """A function from a tensor, and what it learned or (in training) its noise, to a tensor."""
    return made_by(ACTIVATIONS, word, "tensorflow")(word, setting)
