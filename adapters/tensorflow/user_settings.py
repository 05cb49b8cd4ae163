"""The settings of a user's layers by which known forms differ, and their change in the live layer."""

from __future__ import annotations

import inspect
from typing import Any

import keras

BATCH_NORMS = (keras.layers.BatchNormalization,)
OTHER_NORMS = (keras.layers.LayerNormalization, keras.layers.GroupNormalization, keras.layers.RMSNormalization)
CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
MASKING = (keras.layers.Embedding, keras.layers.Masking)
MASKS = ("mask", "query_mask", "value_mask", "key_mask")  # arguments of a call that Keras may give by itself


def settings_of_form(layer: Any) -> dict[str, Any]:
    """The settings that a known form may need, in canonical terms."""
    if isinstance(layer, BATCH_NORMS):
        return {"momentum": layer.momentum, "epsilon": layer.epsilon}
    if isinstance(layer, OTHER_NORMS):
        return {"epsilon": layer.epsilon}
    if isinstance(layer, CONVOLUTIONS):
        return {"strides": list(layer.strides), "dilation": list(layer.dilation_rate)}
    if isinstance(layer, MASKING):
        return {"masks": bool(getattr(layer, "mask_zero", True))}
    if set(MASKS) & set(inspect.signature(type(layer).call).parameters):
        return {"takes_masks": not isinstance(vars(layer).get("call"), _WithoutMasks)}
    return {}


def change_setting(layer: Any, setting: str, value: float) -> None:
    """Changes one of these settings in the layer; KeyError where the layer does not have it."""
    if setting not in settings_of_form(layer) or setting in ("strides", "dilation", "masks"):
        raise KeyError(setting)
    if setting != "takes_masks":
        setattr(layer, setting, value)
    elif not value:
        layer.call = _WithoutMasks(layer.call)
    elif "call" in vars(layer):
        del layer.call


class _WithoutMasks:
    """The call of a layer, without the masks that Keras passes on from layers before it."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.inner(*inputs, **{**options, **{name: None for name in MASKS if name in options}})
