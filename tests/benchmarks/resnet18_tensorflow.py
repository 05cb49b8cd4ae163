"""ResNet-18 for images of 32x32 in Keras."""

import keras
from keras import layers


def conv(x, filters, kernel, stride):
    if kernel > 1:
        x = layers.ZeroPadding2D(kernel // 2)(x)
    x = layers.Conv2D(filters, kernel, strides=stride, use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


def block(x, filters, stride):
    y = layers.ReLU()(conv(x, filters, 3, stride))
    y = conv(y, filters, 3, 1)
    shortcut = conv(x, filters, 1, stride) if stride > 1 else x
    return layers.ReLU()(layers.Add()([y, shortcut]))


def network():
    inputs = keras.Input((32, 32, 3))
    x = layers.ReLU()(conv(inputs, 64, 3, 1))
    for filters, stride in ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)):
        x = block(x, filters, stride)
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))
