"""A group is updated as by an optimizer of its own: every optimizer, bit for bit, in both frameworks.

Rates and factors are powers of two apart, so that no product of them is rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import through_adapter
from selected import selected

from harness.spec.arm import Arm
from harness.spec.groups import ParameterGroup
from harness.spec.optimizers import Sgd
from harness.spec.recipe import Update
from harness.spec.schedules import Constant, Exponential
from harness.spec.vocabulary import specimens
from harness.spec.weight_decay import NoWeightDecay

MILESTONES, UPDATES = (1, 20), 20
SLOW, FACTOR = 0.25, 0.5
GROUPS = (
    ParameterGroup(parameters=("b",), rate_factor=SLOW),
    ParameterGroup(parameters=("c",), weight_decay=FACTOR),
)
WORDS: Any = [
    *((word, NoWeightDecay()) for word in specimens("optimizer") if not word.groups),  # type: ignore[attr-defined]
    *((Sgd(), word) for word in specimens("weight_decay") if word.word() != "none"),
]
NUMBERS = range(len(WORDS))
NAMES = [(decay if decay.word() != "none" else word).name_in_tables for word, decay in WORDS]
ARMS = {
    "mindspore": [Arm(name="jit", adapter="mindspore", mode="jit")],
    "tensorflow": [Arm(name="graph", adapter="tensorflow", mode="graph")],
}
EVERY = [
    pytest.param(number, arm, marks=[] if number % 4 == 0 else pytest.mark.nightly, id=f"{NAMES[number]}-{arm}")
    for number in NUMBERS
    for arm in ("jit", "graph")
]
rng = np.random.default_rng(7)
WEIGHTS = {
    f"{layer}/{role}": rng.normal(size=(4, 3) if role == "kernel" else (5,)).astype(np.float32)
    for layer in "abc"
    for role in ("kernel", "bias")
}
GRADIENTS = {name: rng.normal(size=(UPDATES, *w.shape)).astype(np.float32) for name, w in WEIGHTS.items()}


def updates_of(number: int) -> list[Update]:
    """The update in groups; then, of all parameters, those of the group `b`, of the group `c` and of the rest."""
    word, decay = WORDS[number]
    # Half of the words at a rate that a class computes, half at a constant one.
    rates = [
        Exponential(initial_rate=0.125 * factor, decay_rate=0.5, decay_steps=8)
        if number % 2
        else Constant(rate=0.125 * factor)
        for factor in (1.0, SLOW)
    ]
    stated = {"factor": FACTOR, "decayed": "all"}
    decayed = [each.model_copy(update=stated if hasattr(each, "factor") else {}) for each in (word, decay)]
    return [
        Update(optimizer=word.model_copy(update={"groups": GROUPS}), schedule=rates[0], weight_decay=decay),
        Update(optimizer=word, schedule=rates[1], weight_decay=decay),
        Update(optimizer=decayed[0], schedule=rates[0], weight_decay=decayed[1]),
        Update(optimizer=word, schedule=rates[0], weight_decay=decay),
    ]


@pytest.fixture(scope="module")
def replayed(
    request: pytest.FixtureRequest, in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any]
) -> dict[tuple[str, int], list[Any]]:
    """By the arm and the number of the word: the weights after each milestone, of every update of `updates_of`."""
    numbers = sorted(set(selected(request, "number")))
    updates = [update for number in numbers for update in updates_of(number)]

    def ask(framework: str) -> Any:
        in_process = {"mindspore": in_mindspore, "tensorflow": in_tensorflow}[framework]
        return in_process(through_adapter.replays_in_a_loop, ARMS[framework], updates, WEIGHTS, GRADIENTS, MILESTONES)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ask, ARMS)
    rows = first | second
    return {
        (arm, number): [rows[arm, 4 * place + each] for each in range(4)]
        for arm in ("jit", "graph")
        for place, number in enumerate(numbers)
    }


@pytest.mark.parametrize(("number", "arm"), EVERY)
def test_a_group_is_updated_as_by_an_optimizer_of_its_own(
    replayed: dict[tuple[str, int], list[Any]], number: int, arm: str
) -> None:
    grouped, slow, decayed, usual = replayed[arm, number]
    starts = np.cumsum([0, *(w.size for w in WEIGHTS.values())])
    for (name, first), last in zip(zip(WEIGHTS, starts, strict=False), starts[1:], strict=True):
        alone = {"a": usual, "b": slow, "c": decayed}[name[0]]
        found, wanted = grouped[:, first:last], alone[:, first:last]
        assert found.tobytes() == wanted.tobytes(), name
        word, decay = WORDS[number]
        if name[0] == "b" and word.word() != "rprop":
            assert np.any(found != usual[:, first:last])
        if name[0] == "c" and (hasattr(word, "factor") or hasattr(decay, "factor")):
            assert np.any(found != usual[:, first:last])
