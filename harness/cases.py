"""One word by itself, with the arrays it is given: the same call on every adapter, the reference included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.protocol import Adapter, Array
from harness.spec.base import Spec, Word
from harness.spec.model import PlacedLayer
from harness.spec.recipe import Update
from harness.spec.vocabulary import parse

Arrays = dict[str, Array]
MILESTONES = (1, 10, 100, 1000)


@dataclass(frozen=True)
class Case:
    """`word` is what the verdict is about; `given` what the adapter is asked to make, which holds it."""

    word: Word
    given: Spec
    arrays: Mapping[str, Array]
    what: str = ""

    @property
    def subject(self) -> str:
        return " ".join(filter(None, [self.word.name_in_tables, self.what]))

    def plain(self) -> dict[str, Any]:
        """For another process; the arrays cross beside it."""
        return {"call": self.call, "given": self.given.model_dump(mode="json")}

    @property
    def call(self) -> str:
        if isinstance(self.given, Word):
            return self.given.family
        return "layer" if isinstance(self.given, PlacedLayer) else "update"


def given_of(call: str, plain: Any) -> Any:
    """What `Case.plain` held."""
    if call == "layer":
        return PlacedLayer.model_validate(plain)
    return Update.model_validate(plain) if call == "update" else parse(call, plain)


def answer(adapter: Adapter, call: str, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    """What the adapter makes of it: values, gradients, and whatever else the word has, by name."""
    return CALLS[call](adapter, given, arrays)


def _activation(adapter: Adapter, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    return adapter.activation(given, arrays["x"], arrays["upstream"], _below(arrays, "extra/"))


def _loss(adapter: Adapter, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    return adapter.loss(given, arrays["outputs"], arrays["y"])


def _regularizer(adapter: Adapter, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    return adapter.regularizer(given, _below(arrays, "kernel/"))


def _layer(adapter: Adapter, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    weights, noise = _below(arrays, "weight/"), _below(arrays, "noise/")
    return adapter.layer(given, weights, arrays["x"], arrays["upstream"], noise, bool(arrays["training"]))


def _update(adapter: Adapter, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    """The weights after 1, 10, 100, ... updates by the gradients, whose first axis is the update."""
    gradients = _below(arrays, "gradient/")
    count = len(next(iter(gradients.values())))
    fed = [{name: values[k] for name, values in gradients.items()} for k in range(count)]
    found: Arrays = {}
    for k, weights in enumerate(adapter.optimizer(given, _below(arrays, "weight/"), fed), start=1):
        if k in MILESTONES or k == count:
            found |= {f"after {k}/{name}": np.array(value) for name, value in weights.items()}
    return found


def _below(arrays: Mapping[str, Array], prefix: str) -> Arrays:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


CALLS: dict[str, Callable[[Adapter, Any, Mapping[str, Array]], Arrays]] = {
    "activation": _activation,
    "loss": _loss,
    "regularizer": _regularizer,
    "layer": _layer,
    "update": _update,
}
