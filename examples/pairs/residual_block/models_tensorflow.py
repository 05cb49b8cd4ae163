"""The residual network in Keras: once with ReLU before the addition, which is easily written, and once after it."""

import keras
from keras import layers


def _block(x, is_repaired):
    y = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(8, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(y)
    if is_repaired:
        return layers.ReLU()(layers.Add()([y, x]))
    return layers.Add()([layers.ReLU()(y), x])


def _network(is_repaired):
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    x = layers.GlobalAveragePooling2D()(_block(x, is_repaired))
    return keras.Model(inputs, layers.Dense(10)(x))


def network():
    return _network(is_repaired=False)


def network_repaired():
    return _network(is_repaired=True)
