"""The operations of Keras and TensorFlow in which their ledger knows errors, for users' own models.

Their gradients are wrong where branches meet. An operation is computed exactly as the adapter composes its word.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.tensorflow import nn as backend

from adapters.exact_operations import Function, Operation, Operations
from adapters.tensorflow.activations import (
    composed_celu,
    composed_hard_swish,
    composed_prelu,
    composed_relu6,
    composed_selu,
)
from harness.spec import activations as spec

ANY: Any = None  # the setting, which these do not look at


def _relu6(native: Function) -> Function:
    return lambda features, name=None: composed_relu6(ANY, ANY)(features)


def _hard_swish(native: Function) -> Function:
    function: Function = composed_hard_swish(ANY, ANY)
    return function


def _selu(native: Function) -> Function:
    return lambda features, name=None: composed_selu(ANY, ANY)(features)


def _celu(native: Function) -> Function:
    return lambda x, alpha=1.0: composed_celu(spec.Celu(alpha=alpha), ANY)(x)


def _prelu(native: Function) -> Function:
    return lambda layer, inputs: composed_prelu(ANY, ANY)(inputs, tf.convert_to_tensor(layer.alpha))


OPERATIONS = Operations(
    [
        Operation("activation/relu6", tf.nn, "relu6", _relu6),
        Operation("activation/hard_swish", backend, "hard_silu", _hard_swish),
        Operation("activation/selu", tf.nn, "selu", _selu),
        Operation("activation/celu", backend, "celu", _celu),
        Operation("activation/prelu", keras.layers.PReLU, "call", _prelu),
    ]
)
