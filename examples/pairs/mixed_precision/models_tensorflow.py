"""The network in Keras: once all in float32, because the policy was forgotten, and once in mixed precision."""

import keras
from keras import layers


def _network(policy):
    return keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(8, 3, padding="same", dtype=policy),
            layers.BatchNormalization(momentum=0.9, epsilon=1e-3, dtype=policy),
            layers.ReLU(dtype=policy),
            layers.Flatten(dtype=policy),
            layers.Dense(10, dtype=policy),
            layers.Activation("linear", dtype="float32"),
        ]
    )


def network():
    return _network("float32")


def network_repaired():
    return _network("mixed_float16")
