"""Switches off what draws random masks in the training of a user's own keras.Model."""

from __future__ import annotations

from typing import Any

import keras

# By class, the attributes that are 0 where nothing is drawn.
RATES: dict[tuple[type[Any], ...], tuple[str, ...]] = {
    (
        keras.layers.Dropout,
        keras.layers.SpatialDropout1D,
        keras.layers.SpatialDropout2D,
        keras.layers.SpatialDropout3D,
        keras.layers.GaussianDropout,
        keras.layers.AlphaDropout,
    ): ("rate",),
    (keras.layers.GaussianNoise,): ("stddev",),
    (keras.layers.Attention, keras.layers.AdditiveAttention): ("dropout",),
    (keras.layers.SimpleRNNCell, keras.layers.LSTMCell, keras.layers.GRUCell): ("dropout", "recurrent_dropout"),
}


def without_dropout(network: Any) -> None:
    """Makes every layer of dropout in the network the identity, also those within a layer of the framework."""
    for layer in network._flatten_layers(include_self=True):
        for kinds, attributes in RATES.items():
            if isinstance(layer, kinds):
                for attribute in attributes:
                    setattr(layer, attribute, 0.0)
