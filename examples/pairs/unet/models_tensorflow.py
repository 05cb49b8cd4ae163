"""The U-Net in Keras: once with the skip connection taken before its activation, and once after it."""

import keras
from keras import layers


def _network(is_repaired):
    images = keras.Input((16, 16, 1))
    convolved = layers.Conv2D(8, 3, padding="same", name="down")(images)
    active = layers.ReLU()(convolved)
    deep = layers.Conv2D(16, 3, padding="same", activation="relu", name="bottom")(layers.MaxPooling2D()(active))
    up = layers.Conv2DTranspose(8, 2, strides=2, name="up")(deep)
    skip = active if is_repaired else convolved
    merged = layers.Conv2D(8, 3, padding="same", activation="relu", name="merge")(layers.Concatenate()([up, skip]))
    return keras.Model(images, layers.Conv2D(3, 1, name="head")(merged))


def unet():
    return _network(is_repaired=False)


def unet_repaired():
    return _network(is_repaired=True)
