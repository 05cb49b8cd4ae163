"""The classifier of texts in Keras."""

import keras
from keras import layers


def classifier():
    return keras.Sequential(
        [keras.Input((9,), dtype="int32"), layers.Embedding(50, 12), layers.LSTM(16), layers.Dense(4)]
    )
