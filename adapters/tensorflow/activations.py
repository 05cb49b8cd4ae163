"""Activations as TensorFlow operations on tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from adapters.protocol import Realisation, made_by
from harness.spec import activations as spec


def linear(_: spec.Linear) -> Any:
    return keras.activations.linear


def sigmoid(_: spec.Sigmoid) -> Any:
    return keras.activations.sigmoid


def tanh(_: spec.Tanh) -> Any:
    return keras.activations.tanh


def relu(_: spec.Relu) -> Any:
    return keras.activations.relu  # its gradient at 0 is 0


def softmax(_: spec.Softmax) -> Any:
    return keras.activations.softmax


ACTIVATIONS: dict[type[spec.Activation], tuple[Realisation, Callable[[Any], Any]]] = {
    spec.Linear: (Realisation("native", "keras.activations.linear"), linear),
    spec.Sigmoid: (Realisation("native", "keras.activations.sigmoid"), sigmoid),
    spec.Tanh: (Realisation("native", "keras.activations.tanh"), tanh),
    spec.Relu: (Realisation("native", "keras.activations.relu"), relu),
    spec.Softmax: (Realisation("native", "keras.activations.softmax"), softmax),
}


def activation(word: spec.Activation) -> Any:
    """A function from tensor to tensor."""
    return made_by(ACTIVATIONS, word, "tensorflow")[1](word)
