"""Keras' own classes, as its documentation shows them, with nothing of ours. Runs in TensorFlow's process only."""

from __future__ import annotations

from typing import Any

import numpy as np


def rates_of(name: str, arguments: list[Any], options: dict[str, Any], steps: int) -> Any:
    """A LearningRateSchedule called with each step."""
    import keras

    made = getattr(keras.optimizers.schedules, name)(*arguments, **options)
    return np.array([float(made(step)) for step in range(steps)], np.float32)


def momentum(rates: list[float], coefficient: float, nesterov: bool) -> Any:
    """A weight of 0 after each update by a gradient of 1; the rates come from a PiecewiseConstantDecay."""
    import keras
    import tensorflow as tf

    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(list(range(len(rates) - 1)), rates)
    weight = keras.Variable([0.0], dtype="float32")
    optimizer = keras.optimizers.SGD(schedule, momentum=coefficient, nesterov=nesterov)
    after = []
    for _ in rates:
        optimizer.apply([tf.constant([1.0])], [weight])
        after.append(np.array(weight.value))
    return np.concatenate(after)


def accumulated(rates: list[float], gradients: list[float], group: int) -> Any:
    """A weight of 0 after each gradient, by Adam with gradient_accumulation_steps."""
    import keras
    import tensorflow as tf

    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(list(range(len(rates) - 1)), rates)
    weight = keras.Variable([0.0], dtype="float32")
    optimizer = keras.optimizers.Adam(schedule, gradient_accumulation_steps=group)
    after = []
    for gradient in gradients:
        optimizer.apply([tf.constant([gradient])], [weight])
        after.append(np.array(weight.value))
    return np.concatenate(after)


def averaged(rates: list[float], gradients: list[float], decay: float, overwrite_every: int | None) -> Any:
    """A weight of 0 after each gradient, and its average, by Adam with use_ema."""
    import keras
    import tensorflow as tf

    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(list(range(len(rates) - 1)), rates)
    weight = keras.Variable([0.0], dtype="float32")
    ema = {"use_ema": True, "ema_momentum": decay, "ema_overwrite_frequency": overwrite_every}
    optimizer = keras.optimizers.Adam(schedule, **ema)
    weights, averages = [], []
    for gradient in gradients:
        optimizer.apply([tf.constant([gradient])], [weight])
        weights.append(np.array(weight.value))
        averages.append(np.array(optimizer._model_variables_moving_average[0].value))
    return np.concatenate(weights), np.concatenate(averages)
