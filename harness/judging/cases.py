"""One word by itself, with the arrays it is given: the same call on every adapter, the reference included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.protocol import Adapter, UnsupportedSpecError
from harness.records.array_types import Array
from harness.spec.base import Spec, Word
from harness.spec.model import PlacedLayer
from harness.spec.recipe import Update
from harness.spec.vocabulary import parse

Arrays = dict[str, Array]
MILESTONES = (1, 10, 100, 1000)
TOGETHER = 8


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


def answers(
    adapter: Adapter, cases: Sequence[tuple[str, Any]], arrays: Callable[[int], Arrays]
) -> Iterator[Arrays | UnsupportedSpecError]:
    """What the adapter makes of each case (its call and what it is given), or why it makes nothing of it.

    Updates of the same weights by the same gradients are made together, in one loop: to compile it is what costs.
    """
    number = 0
    while number < len(cases):
        own = arrays(number)
        group = [cases[number]]
        while cases[number][0] == "update" and len(group) < TOGETHER and number + len(group) < len(cases):
            following = number + len(group)
            if cases[following][0] != "update" or not _same(own, arrays(following)):
                break
            group.append(cases[following])
        try:
            if len(group) > 1:
                yield from _updates(adapter, [given for _, given in group], own)
            else:
                yield answer(adapter, *group[0], own)
        except UnsupportedSpecError as error:
            # Of several, which one it is shows when each is by itself.
            yield from [error] if len(group) == 1 else (_alone(adapter, case, own) for case in group)
        number += len(group)


def _alone(adapter: Adapter, case: tuple[str, Any], arrays: Arrays) -> Arrays | UnsupportedSpecError:
    try:
        return answer(adapter, *case, arrays)
    except UnsupportedSpecError as error:
        return error


def _same(a: Arrays, b: Arrays) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def _activation(adapter: Adapter, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    return adapter.activation(given, arrays["x"], arrays["upstream"], _below(arrays, "extra/"))


def _loss(adapter: Adapter, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    return adapter.loss(given, arrays["outputs"], arrays["y"])


def _metric(adapter: Adapter, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    return adapter.metric(given, arrays["outputs"], arrays["y"])


def _regularizer(adapter: Adapter, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    return adapter.regularizer(given, _below(arrays, "kernel/"))


def _layer(adapter: Adapter, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    weights, noise = _below(arrays, "weight/"), _below(arrays, "noise/")
    return adapter.layer(given, weights, arrays["x"], arrays["upstream"], noise, bool(arrays["training"]))


def _update(adapter: Adapter, given: Any, arrays: Mapping[str, Array]) -> Arrays:
    """The weights after 1, 10, 100, ... updates by the gradients, whose first axis is the update.

    `milestones`, where it is given, holds other numbers of updates to look after.
    """
    return _updates(adapter, [given], arrays)[0]


def _updates(adapter: Adapter, given: Sequence[Any], arrays: Mapping[str, Array]) -> list[Arrays]:
    gradients, parameters = _below(arrays, "gradient/"), _below(arrays, "weight/")
    count = len(next(iter(gradients.values())))
    usual = sorted({*(each for each in MILESTONES if each < count), count})
    milestones = [int(each) for each in arrays.get("milestones", usual)]
    found: list[Arrays] = [{} for _ in given]
    replayed = adapter.replays(given, parameters, gradients, milestones)
    for k, after in zip(milestones, replayed, strict=True):
        for own, weights in zip(found, after, strict=True):
            own |= {f"after {k}/{name}": np.array(value) for name, value in weights.items()}
    return found


def _below(arrays: Mapping[str, Array], prefix: str) -> Arrays:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


CALLS: dict[str, Callable[[Adapter, Any, Mapping[str, Array]], Arrays]] = {
    "activation": _activation,
    "loss": _loss,
    "metric": _metric,
    "regularizer": _regularizer,
    "layer": _layer,
    "update": _update,
}
