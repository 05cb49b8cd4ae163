"""What the optimizers of both frameworks keep, in the names of the formulas; and trainers that start anew."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import trainer_runs
from selected import selected

import adapters
from harness.judging.optimizer_state import slot_tolerances
from harness.spec.arm import Arm
from harness.spec.model import Model
from harness.spec.optimizers import Adam
from harness.spec.recipe import Recipe, Update
from harness.spec.vocabulary import specimens

SCHEDULE = {"kind": "inverse_time", "initial_rate": 0.1, "decay_rate": 0.5, "decay_steps": 1}
WORDS: tuple[Any, ...] = specimens("optimizer")
# What keeps state beside an optimizer.
SLOW, AVERAGE = {"kind": "slow_weights", "steps": 3}, {"kind": "exponential", "decay": 0.5, "overwrite_every": 3}
BESIDE: dict[str, dict[str, Any]] = {
    "accumulation": {"accumulation": {"kind": "mean", "batches": 2}},
    "look-ahead and average": {"lookahead": SLOW, "averaging": AVERAGE},
    "all": {
        "optimizer": "rmsprop",  # canonical in MindSpore
        "accumulation": {"kind": "sum", "batches": 2},
        "lookahead": {**SLOW, "steps": 1},
        "averaging": {"kind": "exponential", "decay": 0.5, "start": "initial_weights"},
    },
}
SAID: list[dict[str, Any]] = [
    *({"optimizer": word} for word in WORDS),
    *({"optimizer": "adam", **words} for words in BESIDE.values()),
]
NAMES = [*(word.name_in_tables for word in WORDS), *BESIDE]
NUMBERS = range(len(SAID))
UPDATES = [Update.model_validate({"schedule": SCHEDULE, **said}) for said in SAID]
MODEL = Model.model_validate(
    {"input": {"shape": [3]}, "layers": [{"kind": "dense", "units": 4, "kernel_initializer": "he_normal"}]}
)
CLIPPINGS = ({"kind": "by_norm", "bound": 0.2}, {"kind": "by_global_norm", "bound": 0.2})
DECAYS = ({"kind": "coupled", "factor": 0.1}, {"kind": "decoupled", "factor": 0.1})
RECIPES = [
    Recipe.model_validate(
        {
            "model": MODEL,
            "loss": "softmax_cross_entropy",
            "update": {
                "schedule": SCHEDULE,
                "clipping": CLIPPINGS[number % 2],
                "weight_decay": DECAYS[number // 2 % 2],
                **said,
            },
        }
    )
    for number, said in enumerate(SAID)
]
# In the compiled modes only some, for the sake of time: what a trainer keeps is the same in every mode.
COMPILED = [number for number, word in enumerate(WORDS) if type(word) is Adam or word.kind == "momentum"][:3]
COMPILED += NUMBERS[len(WORDS) :]
EAGER = {
    "mindspore": Arm(name="mindspore", adapter="mindspore", mode="pynative"),
    "tensorflow": Arm(name="tensorflow", adapter="tensorflow", mode="eager"),
}
COMPILING = {
    "mindspore": [Arm(name="jit", adapter="mindspore", mode="jit")],
    "tensorflow": [
        Arm(name="graph", adapter="tensorflow", mode="graph"),
        Arm(name="xla", adapter="tensorflow", mode="xla", realisation="exact"),
    ],
}

rng = np.random.default_rng(5)
PARAMETERS = {"a/kernel": rng.normal(size=(3, 4)).astype(np.float32), "a/bias": np.zeros(4, np.float32)}
# The last is so small that a moment is no longer the largest it was.
GRADIENTS = [
    {name: (size * rng.normal(size=w.shape)).astype(np.float32) for name, w in PARAMETERS.items()}
    for size in (1.0, 1.0, 0.01)
]
WEIGHTS = {p.name: rng.normal(size=p.shape) for p in MODEL.parameters()}
X, Y = rng.normal(size=(8, 3)).astype(np.float32), rng.integers(0, 4, 8).astype(np.int32)
ORDER = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 0]], np.int32)

# These may stay as they were.
LASTING = ("sign", "largest_second_moment")
Found = dict[Any, Any]


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest, in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any]) -> Found:
    repeated = sorted(set(selected(request, "repeated")))
    recipes = [RECIPES[number] for number in repeated]

    def ask(framework: str) -> Found:
        ask = {"mindspore": in_mindspore, "tensorflow": in_tensorflow}[framework]
        given = UPDATES, PARAMETERS, GRADIENTS
        told = {
            "slots": ask(trainer_runs.slots, [EAGER[framework]], *given),
            "first slots": ask(trainer_runs.first_slots, EAGER[framework], RECIPES, WEIGHTS),
        }
        twice = ask(trainer_runs.twice, EAGER[framework], recipes, WEIGHTS, X, Y, ORDER)
        told |= {("twice", number): each for number, each in zip(repeated, twice, strict=True)}
        few = [RECIPES[number] for number in COMPILED]
        for arm in COMPILING[framework]:
            told[arm.name] = ask(trainer_runs.twice, arm, few, WEIGHTS, X, Y, ORDER)
        return told

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(EAGER, pool.map(ask, EAGER), strict=True))


@pytest.fixture(scope="module")
def reference() -> list[tuple[Found, Found]]:
    """For each update the slots, and how far a framework's may be from them."""
    oracle, single = (
        adapters.load(Arm(name="reference", adapter="reference", mode="numpy", precision=precision, realisation=policy))
        for precision, policy in (("float64", "exact"), ("float32", "native"))
    )
    found = []
    for update in UPDATES:
        exact = oracle.slots_after(update, PARAMETERS, GRADIENTS)
        bounds = slot_tolerances(exact, oracle, single, update, PARAMETERS, GRADIENTS, np.float32)
        found.append((exact, {name: tolerance.bound for name, tolerance in bounds.items()}))
    return found


@pytest.mark.parametrize("number", NUMBERS, ids=NAMES)
@pytest.mark.parametrize("framework", EAGER)
def test_slots_hold_what_the_formulas_say(found: Found, reference: Any, framework: str, number: int) -> None:
    told, (wanted, bounds) = found[framework]["slots"][framework, number], reference[number]
    assert (
        list(told) == list(wanted) == [f"{slot}/{name}" for slot in UPDATES[number].slot_names for name in PARAMETERS]
    )
    for name, value in told.items():
        assert value.dtype == np.float32
        assert np.all(np.abs(value - wanted[name]) <= bounds[name]), name


@pytest.mark.parametrize("number", NUMBERS, ids=NAMES)
@pytest.mark.parametrize("framework", EAGER)
def test_slots_start_as_the_formulas_say(found: Found, framework: str, number: int) -> None:
    """A checkpoint may come before the first update, if that waits for several batches."""
    exact = Arm(name="reference", adapter="reference", mode="numpy", precision="float64", realisation="exact")
    (wanted,) = trainer_runs.first_slots(exact, [RECIPES[number]], WEIGHTS)
    told = found[framework]["first slots"][number]
    assert list(told) == list(wanted)
    for name, value in told.items():
        np.testing.assert_allclose(value, wanted[name], rtol=4 * np.finfo(np.float32).eps, err_msg=name)


def test_the_bounds_tell_slots_apart(reference: Any) -> None:
    """A slot is not what it was an update before, nor another slot, nor its negative: the bounds see it."""
    oracle = adapters.load(
        Arm(name="reference", adapter="reference", mode="numpy", precision="float64", realisation="exact")
    )
    for update, (wanted, bounds) in zip(UPDATES, reference, strict=True):
        before = oracle.slots_after(update, PARAMETERS, GRADIENTS[:2])
        for name, value in wanted.items():
            slot, _, parameter = name.partition("/")
            others = [wanted[f"{each}/{parameter}"] for each in update.slot_names if each != slot]
            # The last batch begins a group.
            lasts = slot in LASTING or (update.accumulation.group > 1 and slot not in update.accumulation.slot_names)
            wrong = [*others, *([-value] if np.any(value) else []), *([] if lasts else [before[name]])]
            assert all(np.any(np.abs(each - value) > bounds[name]) for each in wrong), (update, name)


@pytest.mark.parametrize(
    "repeated",
    [
        pytest.param(number, marks=[] if number in COMPILED else pytest.mark.nightly, id=name)
        for number, name in enumerate(NAMES)
    ],
)
@pytest.mark.parametrize("framework", EAGER)
def test_a_run_started_anew_is_the_first_run_again(found: Found, framework: str, repeated: int) -> None:
    started_anew(found[framework]["twice", repeated], has_slots=bool(UPDATES[repeated].slot_names))


@pytest.mark.parametrize(("framework", "name"), [(f, arm.name) for f, arms in COMPILING.items() for arm in arms])
def test_so_it_is_where_it_is_compiled(found: Found, framework: str, name: str) -> None:
    assert len(found[framework][name]) == len(COMPILED) == 3 + len(BESIDE)
    for told in found[framework][name]:
        started_anew(told, has_slots=True)


def started_anew(told: Any, has_slots: bool) -> None:
    first, further, again = told
    assert bool(first[1]) == has_slots
    for before, after in zip(first[:2], again[:2], strict=True):
        assert list(before) == list(after)
        assert all(value.tobytes() == after[name].tobytes() for name, value in before.items())
    assert first[2].tobytes() == again[2].tobytes()
    # Without the restart it would not have been so.
    assert first[2].tobytes() != further[2].tobytes()


def test_a_long_epoch_of_mindspore_is_a_few_calls_with_the_same_losses(in_mindspore: Callable[..., Any]) -> None:
    (arm,), recipe = COMPILING["mindspore"], RECIPES[COMPILED[0]]
    whole, *parts = in_mindspore(trainer_runs.in_calls, arm, recipe, WEIGHTS, X, Y, ORDER, [3, 2, 1])
    assert len(set(whole)) == len(ORDER)
    for losses in parts:
        np.testing.assert_array_equal(losses, whole)
