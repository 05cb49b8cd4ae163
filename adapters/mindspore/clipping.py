"""Clipping in MindSpore: a function from the gradients to the clipped ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.protocol import made_by
from adapters.setting import Setting
from harness.spec import clipping as spec


def none(_: spec.NoClipping, setting: Setting) -> Any:
    return _as_is


CLIPPINGS: dict[type[spec.Clipping], Callable[[Any, Setting], Any]] = {
    spec.NoClipping: none,
}


def clipping(word: spec.Clipping, setting: Setting) -> Any:
    return made_by(CLIPPINGS, word, "mindspore")(word, setting)


def _as_is(gradients: Any) -> Any:
    return gradients
