"""Initializers of MindSpore's own, sampled for their statistics; the weights of a training come from the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import initializers as spec
from harness.spec.parameters import Shape

INITIALIZERS: dict[type[spec.Initializer], Callable[[Any], Any]] = {}


def initializer(word: spec.Initializer, shape: Shape, seed: int, setting: Setting) -> Any:
    """A tensor of `shape`."""
    ms.set_seed(seed)
    made = made_by(INITIALIZERS, word, "mindspore")(word)
    return ms.common.initializer.initializer(made, shape, getattr(ms, setting.precision)).init_data()
