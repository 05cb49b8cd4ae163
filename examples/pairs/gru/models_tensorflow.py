"""The GRU in Keras, which resets before or after the matrix product."""

import keras
from keras import layers


def _network(reset_after):
    return keras.Sequential([keras.Input((10, 10)), layers.GRU(16, reset_after=reset_after), layers.Dense(10)])


def rows():
    """As in the first version of the paper; then there is no bias within the reset."""
    return _network(reset_after=False)


def rows_repaired():
    return _network(reset_after=True)
