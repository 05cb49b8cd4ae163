"""The encoder block in Keras with its own attention; once with Keras' default epsilon of layer normalisation, 0.001."""

import keras
from keras import layers


def _network(**epsilon):
    words = keras.Input((7,), dtype="int32")
    x = layers.Embedding(40, 16)(words)
    mixed = layers.MultiHeadAttention(num_heads=2, key_dim=8)(x, x)
    x = layers.LayerNormalization(**epsilon)(layers.Add()([x, mixed]))
    y = layers.Dense(16)(layers.Dense(32, activation="relu")(x))
    x = layers.LayerNormalization(**epsilon)(layers.Add()([x, y]))
    return keras.Model(words, layers.Dense(4)(layers.GlobalAveragePooling1D()(x)))


def encoder():
    return _network()


def encoder_repaired():
    return _network(epsilon=1e-5)
