"""The Keras side of the example, once with a mistake that is easily made, and once without it."""

import keras
from keras import layers


def _network(momentum):
    return keras.Sequential(
        [
            keras.Input((14, 14, 1)),
            layers.Conv2D(8, 3, padding="same"),
            layers.BatchNormalization(momentum=momentum, epsilon=1e-3),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10),
        ]
    )


def small_cnn():
    """As if momentum were the share of the new statistics: in Keras it is that of the old."""
    return _network(momentum=0.1)


def small_cnn_repaired():
    return _network(momentum=0.9)
