"""A model that was loaded from a file, built anew in another precision: a file states the precision of every layer."""

from __future__ import annotations

import traceback
from typing import Any

import keras


def in_precision(model: Any, precision: str) -> Any:
    """The model with its floats in this precision; as it is if they are, or if it cannot be built from its config."""
    floats = [weight for weight in model.weights if "float" in str(weight.dtype)]
    if all(str(weight.dtype) == precision for weight in floats):
        return model
    try:
        config = _with_precision(keras.saving.serialize_keras_object(model), precision)
        rebuilt = keras.saving.deserialize_keras_object(config)
        rebuilt.set_weights(model.get_weights())
        for before, after in zip(model.weights, rebuilt.weights, strict=True):
            after._path = before.path  # a weight has the same name in every precision
    except Exception:  # any reason why the user's classes cannot be built from a config
        traceback.print_exc()
        return model
    return rebuilt


def _with_precision(config: Any, precision: str) -> Any:
    """The config with this precision in place of each that it states."""
    if isinstance(config, list | tuple):
        return type(config)(_with_precision(part, precision) for part in config)
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return {**config, "config": {"name": precision}}
    return {
        key: precision
        if key == "dtype" and part in ("float16", "bfloat16", "float32")
        else _with_precision(part, precision)
        for key, part in config.items()
    }
