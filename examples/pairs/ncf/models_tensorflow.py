"""Neural collaborative filtering in Keras, once with the two embeddings joined in the other order."""

import keras
from keras import layers


def _network(is_repaired):
    users = keras.Input((), dtype="int32", name="users")
    items = keras.Input((), dtype="int32", name="items")
    embedded = [layers.Embedding(20, 8, name="embedded_users")(users)]
    embedded.append(layers.Embedding(30, 8, name="embedded_items")(items))
    joined = layers.Concatenate()(embedded if is_repaired else embedded[::-1])
    x = layers.Dense(16, activation="relu")(joined)
    return keras.Model([users, items], layers.Dense(2)(x))


def ncf():
    return _network(is_repaired=False)


def ncf_repaired():
    return _network(is_repaired=True)
