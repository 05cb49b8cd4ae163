"""The settings of a user's layers by which known forms differ, and their change in the live layer."""

from __future__ import annotations

from typing import Any

import keras

BATCH_NORMS = (keras.layers.BatchNormalization,)
OTHER_NORMS = (keras.layers.LayerNormalization, keras.layers.GroupNormalization, keras.layers.RMSNormalization)
CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)


def settings_of_form(layer: Any) -> dict[str, Any]:
    """The settings that a known form may need, in canonical terms."""
    if isinstance(layer, BATCH_NORMS):
        return {"momentum": layer.momentum, "epsilon": layer.epsilon}
    if isinstance(layer, OTHER_NORMS):
        return {"epsilon": layer.epsilon}
    if isinstance(layer, CONVOLUTIONS):
        return {"strides": list(layer.strides), "dilation": list(layer.dilation_rate)}
    return {}


def change_setting(layer: Any, setting: str, value: float) -> None:
    """Changes one of these settings in the layer; KeyError where the layer does not have it."""
    if setting not in settings_of_form(layer) or setting in ("strides", "dilation"):
        raise KeyError(setting)
    setattr(layer, setting, value)
