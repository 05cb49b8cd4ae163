"""The settings of a user's layers by which known forms differ, and their change in the live layer."""

from __future__ import annotations

from typing import Any

from mindspore import mint, nn, ops

from adapters.mindspore.specifics.rewritten import class_of, is_a

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
INSTANCE_NORMS = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
GROUP_NORMS = (nn.GroupNorm, mint.nn.GroupNorm)
RECURRENT = (nn.LSTM, nn.GRU, nn.RNN)


def settings_of_form(layer: Any) -> dict[str, Any]:
    """The settings that a known form may need, in canonical terms."""
    if is_a(layer, BATCH_NORMS):
        return {"momentum": round(1 - layer.momentum, 12), "epsilon": layer.eps}
    if is_a(layer, nn.BatchNorm3d):
        return settings_of_form(layer.bn2d)
    if is_a(layer, nn.LayerNorm):
        return {"epsilon": layer.epsilon}
    if is_a(layer, (*GROUP_NORMS, *INSTANCE_NORMS)):
        return {"epsilon": layer.eps}
    if is_a(layer, CONVOLUTIONS):
        return {"strides": _last(layer.stride, layer), "dilation": _last(layer.dilation, layer)}
    if is_a(layer, RECURRENT):
        return {"batch_first": layer.batch_first}
    return {}


def change_setting(layer: Any, setting: str, value: float) -> None:
    """Changes one of these settings in the layer; KeyError where the layer does not have it."""
    if is_a(layer, nn.BatchNorm3d):
        layer = layer.bn2d
    if setting not in settings_of_form(layer) or setting in ("strides", "dilation"):
        raise KeyError(setting)
    if is_a(layer, RECURRENT):
        layer.batch_first = bool(value)
        return
    if is_a(layer, nn.LayerNorm):
        layer.epsilon = value
        layer.layer_norm = ops.LayerNorm(layer.begin_norm_axis, layer.begin_params_axis, value)
        return
    layer.eps = {"epsilon": value}.get(setting, layer.eps)
    if is_a(layer, BATCH_NORMS):
        layer.momentum = {"momentum": 1 - value}.get(setting, layer.momentum)
        layer.bn_train = ops.BatchNorm(True, layer.eps, layer.momentum, layer.format)
        layer.bn_infer = ops.BatchNorm(False, layer.eps, data_format=layer.format)
    if is_a(layer, INSTANCE_NORMS):
        layer.instance_bn = ops.operations.InstanceNorm(epsilon=layer.eps, momentum=layer.momentum)


def _last(sizes: Any, layer: Any) -> list[int]:
    """One size for each axis of the image; Conv1d keeps an axis of height 1."""
    rank = {nn.Conv1d: 1, nn.Conv3d: 3}.get(class_of(layer), 2)
    return [sizes] * rank if isinstance(sizes, int) else [int(size) for size in sizes][-rank:]
