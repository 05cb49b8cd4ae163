"""What every layer in TensorFlow is made into. Keras' layout of weights is the canonical one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer

TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


@dataclass(frozen=True)
class Made:
    """`call(x, training, noise)`; `noise` is a tuple in the order of the layer's noise, empty in evaluation.

    `variables` are named within the layer; `takes` and `gives`: in which layout images enter and leave. Of layers in a
    row, `outputs` is called likewise and gives the output of each, images (B, H, W, C).
    """

    call: Callable[[Any, bool, Any], Any]
    takes: Layout = "channels_last"
    gives: Layout = "channels_last"
    variables: dict[str, Any] = field(default_factory=dict)
    outputs: Callable[[Any, bool, Any], list[Any]] | None = None


# The last argument: the layout in which an image comes from the layer before.
Make = Callable[[PlacedLayer, Parameters, Setting, Layout], Made]


def plain(native: Any) -> Callable[[Any, bool, Any], Any]:
    """A layer that is the same in training and in evaluation, and takes no noise."""
    return lambda x, training, noise: native(x)


def turned(x: Any, before: Layout, after: Layout) -> Any:
    """An image in another layout."""
    return x if before == after else tf.transpose(x, TO_FIRST if after == "channels_first" else TO_LAST)


def built_for(placed: PlacedLayer, layout: Layout) -> tuple[Any, ...]:
    """The layer's input shape as Keras is told it."""
    shape = placed.input_shape
    first = layout == "channels_first" and len(shape) == 3
    return (None, shape[2], shape[0], shape[1]) if first else (None, *shape)
