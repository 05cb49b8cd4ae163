"""One word by itself with its input arrays: the same call on every adapter, including the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.protocol import Adapter, Parameters, UnsupportedSpecError
from harness.records.array_types import Array
from harness.records.tensor_key import TensorKey, keyed, of_kind
from harness.spec.base import Spec, Word
from harness.spec.model import PlacedLayer
from harness.spec.recipe import Update
from harness.spec.vocabulary import parse

Arrays = dict[str, Array]
MILESTONES = (1, 10, 100, 1000)
SLOTS_AFTER = 10  # updates
TOGETHER = 8


@dataclass(frozen=True)
class Case:
    """One call of an adapter.

    `word`: the word that the verdict is about. `given`: the spec that the adapter builds, which contains the word.
    `arrays`: the inputs by name. `what`: an addition to the subject of the verdict.
    """

    word: Word
    given: Spec
    arrays: Mapping[str, Array]
    what: str = ""

    @property
    def subject(self) -> str:
        return " ".join(filter(None, [self.word.name_in_tables, self.what]))

    def plain(self) -> dict[str, Any]:
        """The case as JSON for a worker; its arrays are sent in a file."""
        return {"call": self.call, "given": self.given.model_dump(mode="json")}

    @property
    def call(self) -> str:
        if isinstance(self.given, Word):
            return self.given.family
        return "layer" if isinstance(self.given, PlacedLayer) else "update"


def given_of(call: str, payload: Any) -> Any:
    """The spec from its JSON, as `Case.plain` writes it. `call`: a key of `CALLS`."""
    if call == "layer":
        return PlacedLayer.model_validate(payload)
    return Update.model_validate(payload) if call == "update" else parse(call, payload)


def answer(adapter: Adapter, call: str, spec: Any, arrays: Mapping[str, Array]) -> Arrays:
    """The adapter's results for one call: values, gradients, and whatever else the word computes, by name.

    `call`: a key of `CALLS`. `spec`: what the adapter builds. `arrays`: its inputs by name.
    """
    return CALLS[call](adapter, spec, arrays)


def answers(
    adapter: Adapter, cases: Sequence[tuple[str, Any]], arrays: Callable[[int], Arrays]
) -> Iterator[Arrays | UnsupportedSpecError]:
    """The adapter's results for each case (call, spec), or the error if it does not support the case.

    `arrays`: gives the inputs of a case by its number. Updates of the same weights by the same gradients run together
    in one loop, because compiling the loop takes most of the time.
    """
    number = 0
    while number < len(cases):
        inputs = arrays(number)
        group = [cases[number]]
        while cases[number][0] == "update" and len(group) < TOGETHER and number + len(group) < len(cases):
            following = number + len(group)
            if cases[following][0] != "update" or not _same(inputs, arrays(following)):
                break
            group.append(cases[following])
        try:
            if len(group) > 1:
                yield from _updates(adapter, [spec for _, spec in group], inputs)
            else:
                yield answer(adapter, *group[0], inputs)
        except UnsupportedSpecError as error:
            # Of several updates, the unsupported one is identified by running each alone.
            yield from [error] if len(group) == 1 else (_alone(adapter, case, inputs) for case in group)
        number += len(group)


def _alone(adapter: Adapter, case: tuple[str, Any], arrays: Arrays) -> Arrays | UnsupportedSpecError:
    try:
        return answer(adapter, *case, arrays)
    except UnsupportedSpecError as error:
        return error


def _same(a: Arrays, b: Arrays) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def _activation(adapter: Adapter, spec: Any, arrays: Mapping[str, Array]) -> Arrays:
    return adapter.activation(spec, arrays["x"], arrays["upstream"], of_kind(arrays, "extra"))


def _loss(adapter: Adapter, spec: Any, arrays: Mapping[str, Array]) -> Arrays:
    return adapter.loss(spec, arrays["outputs"], arrays["y"])


def _metric(adapter: Adapter, spec: Any, arrays: Mapping[str, Array]) -> Arrays:
    return adapter.metric(spec, arrays["outputs"], arrays["y"])


def _regularizer(adapter: Adapter, spec: Any, arrays: Mapping[str, Array]) -> Arrays:
    return adapter.regularizer(spec, of_kind(arrays, "kernel"))


def _layer(adapter: Adapter, spec: Any, arrays: Mapping[str, Array]) -> Arrays:
    weights, noise = of_kind(arrays, "weight"), of_kind(arrays, "noise")
    return adapter.layer(spec, weights, arrays["x"], arrays["upstream"], noise, bool(arrays["training"]))


def _update(adapter: Adapter, spec: Any, arrays: Mapping[str, Array]) -> Arrays:
    """The weights after 1, 10, 100, ... updates by the gradients, whose first axis is the update.

    An array `milestones` gives other numbers of updates.
    """
    return _updates(adapter, [spec], arrays)[0]


def _updates(adapter: Adapter, specs: Sequence[Any], arrays: Mapping[str, Array]) -> list[Arrays]:
    gradients, parameters = of_kind(arrays, "gradient"), of_kind(arrays, "weight")
    count = len(next(iter(gradients.values())))
    defaults = sorted({*(milestone for milestone in MILESTONES if milestone < count), count})
    milestones = [int(milestone) for milestone in arrays.get("milestones", defaults)]
    weights_by_spec: list[Arrays] = [{} for _ in specs]
    replayed = adapter.replays(specs, parameters, gradients, milestones)
    for k, after in zip(milestones, replayed, strict=True):
        for outputs, weights in zip(weights_by_spec, after, strict=True):
            outputs |= keyed("after", {name: np.array(value) for name, value in weights.items()}, k)
    for spec, outputs in zip(specs, weights_by_spec, strict=True):
        first = [{name: values[k] for name, values in gradients.items()} for k in range(min(SLOTS_AFTER, count))]
        outputs |= slots_beside(adapter, spec, parameters, first)
    return weights_by_spec


def slots_beside(adapter: Adapter, update: Update, parameters: Parameters, gradients: Sequence[Parameters]) -> Arrays:
    """What is kept beside the optimizer after these gradients, as `slot N/<slot>/<parameter>`; empty if nothing is."""
    if not update.slots_beside:
        return {}
    slots = adapter.slots_after(update, parameters, gradients)
    beside = {name: value for name, value in slots.items() if TensorKey.parse(name).kind in update.slots_beside}
    return keyed("slot", beside, len(gradients))


CALLS: dict[str, Callable[[Adapter, Any, Mapping[str, Array]], Arrays]] = {
    "activation": _activation,
    "loss": _loss,
    "metric": _metric,
    "regularizer": _regularizer,
    "layer": _layer,
    "update": _update,
}
