"""LeNet-5 in Keras, with the average pooling of the paper by mistake, and as in MindSpore's tutorial."""

import keras
from keras import layers


def _network(pooling):
    return keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(6, 5, activation="relu"),
            pooling(2),
            layers.Conv2D(16, 5, activation="relu"),
            pooling(2),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10),
        ]
    )


def lenet5():
    """As in the paper, which is not what the other side does."""
    return _network(layers.AveragePooling2D)


def lenet5_repaired():
    return _network(layers.MaxPooling2D)
