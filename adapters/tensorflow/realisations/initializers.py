"""Which initializer of TensorFlow's own draws from the spec's distribution. The plan draws a training's weights."""

from __future__ import annotations

from adapters.setting import Entries

INITIALIZERS: Entries = {}
