"""A layer's call as both sides saw it, and a known form in which they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

import adapters

Array = NDArray[Any]
# A formula explains an output within this tolerance: forms differ by much more, float32 errors are much smaller.
EXPLAINED = 1e-4


@dataclass(frozen=True)
class Seen:
    """One side of a layer's call: the adapter, the side's name, input and output, and the layer's weights by role."""

    adapter: str
    name: str
    x: Array
    y: Array
    weights: dict[str, Array]
    settings: dict[str, Any]

    def spells(self, what: str, *values: float) -> str:
        """The spelling of `what`, with these numbers, in the side's framework; empty if its adapter has none."""
        models = adapters.info(self.adapter).user_models
        return models.spellings.get(what, "").format(*(f"{value:g}" for value in values)) if models else ""


@dataclass(frozen=True)
class Form:
    """A known form. `setting`: a setting that can be tried in the live layers, with its `values` on both sides."""

    cause: str
    advice: str = ""
    setting: str = ""
    values: tuple[float, float] | None = None
