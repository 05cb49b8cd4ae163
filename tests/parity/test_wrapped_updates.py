"""Updates of several batches, look-ahead and averages, trained in every mode: weights and slots are the reference's.

An odd number of steps is trained twice, so that a group of batches goes on from one call to the next. Where the spec
says what Keras' own arguments do, Keras gives the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import raw_tensorflow
import through_adapter
import trainer_runs
from every_mode import ARMS
from selected import selected

from harness.judging.tolerances import STRICT, pooled_error
from harness.plan import draw_weights
from harness.spec.arm import Arm
from harness.spec.model import Model
from harness.spec.recipe import Recipe, Update

RATES = [0.1, 0.2, 0.05, 0.01, 0.3, 0.07, 0.02, 0.5]
GRADIENTS = [1.0, -0.3, 0.25, 2.0, 0.125, -1.5, 0.75, 0.1]
GROUP, DECAY = 3, 0.75
SCHEDULE = {
    "kind": "piecewise_constant",
    "boundaries": list(range(1, len(RATES))),
    "values": RATES,
    "boundary": "exclusive",
}
EAGER = Arm(name="eager", adapter="tensorflow", mode="eager")

DENSE = {"kind": "dense", "kernel_initializer": {"kind": "normal", "stddev": 0.5}}
MODEL = Model.model_validate(
    {
        "input": {"shape": [4]},
        "layers": [{**DENSE, "units": 5, "activation": "relu"}, "batch_norm", {**DENSE, "units": 3}],
    }
)
CHANGING = {"kind": "exponential", "initial_rate": 0.1, "decay_rate": 0.5, "decay_steps": 4}
UPDATES: dict[str, dict[str, Any]] = {
    "accumulated": {
        "optimizer": "adam",
        "accumulation": {"kind": "mean", "batches": 2, "schedule_counts": "batches"},
        "weight_decay": {"kind": "decoupled", "factor": 0.1},
    },
    "followed": {
        "optimizer": {"kind": "momentum", "momentum": 0.9, "form": "rate_outside"},
        "lookahead": {"kind": "slow_weights", "steps": 2},
        "averaging": {"kind": "exponential", "decay": 0.75, "overwrite_every": 3},
    },
    "all": {
        "optimizer": {"kind": "rmsprop", "centered": True, "epsilon": 0.01},
        "accumulation": {"kind": "sum", "batches": 2},
        "weight_decay": {"kind": "coupled", "factor": 0.1},
        "lookahead": {"kind": "slow_weights", "steps": 2, "factor": 0.75},
        "averaging": {"kind": "exponential", "decay": 0.5, "start": "initial_weights"},
    },
}
STEPS, BATCH, SAMPLES = 5, 4, 12
BY_DAY = ("jit", "pynative", "jit64", "graph", "eager", "graph64")
EVERY = [
    pytest.param(arm, marks=[] if arm.name in BY_DAY else pytest.mark.nightly, id=arm.name)
    for arms in ARMS.values()
    for arm in arms
]


def recipe(update: str) -> Recipe:
    words = {"clipping": {"kind": "by_global_norm", "bound": 0.5}, "schedule": CHANGING, **UPDATES[update]}
    return Recipe.model_validate({"model": MODEL, "loss": "softmax_cross_entropy", "update": words})


def drawn() -> tuple[Any, ...]:
    rng = np.random.default_rng(11)
    weights = {name: value.astype(np.float32).astype(np.float64) for name, value in draw_weights(MODEL, seed=3).items()}
    x = rng.normal(size=(SAMPLES, *MODEL.input.shape)).astype(np.float32).astype(np.float64)
    order = np.stack([rng.permutation(SAMPLES)[:BATCH] for _ in range(STEPS)]).astype(np.int32)
    return weights, x, rng.integers(0, 3, SAMPLES).astype(np.int32), order


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, in_mindspore: Callable[..., Any], in_tensorflow: Callable[..., Any]
) -> dict[str, Any]:
    """By the arm's name, for each update: the first run, its continuation, and the run started anew."""
    tested, recipes = selected(request, "arm"), [recipe(update) for update in UPDATES]
    asked = {"mindspore": in_mindspore, "tensorflow": in_tensorflow}
    found = {
        arm.name: asked[framework](trainer_runs.twice, arm, recipes, *drawn())
        for framework, arms in ARMS.items()
        for arm in arms
        if arm in tested
    }
    for precision, policy in (("float64", "exact"), ("float32", "native")):
        arm = Arm(name=precision, adapter="reference", mode="numpy", precision=precision, realisation=policy)
        found[precision] = trainer_runs.twice(arm, recipes, *drawn())
    return {name: dict(zip(UPDATES, each, strict=True)) for name, each in found.items()}


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("arm", EVERY)
def test_weights_and_slots_are_the_reference_s(runs: dict[str, Any], arm: Arm, update: str) -> None:
    for part in range(2):
        found, wanted, rounded = (values(runs[name][update][part]) for name in (arm.name, "float64", "float32"))
        assert list(found) == list(wanted)
        kept = [f"{slot}/dense_1/kernel" for slot in recipe(update).update.slots_beside]
        assert set(kept) <= set(found)
        tolerances = pooled_error(wanted, rounded, np.dtype(arm.precision).type)
        for name, value in wanted.items():
            bound = STRICT * max(np.abs(value).max(), 1e-3) if arm.precision == "float64" else tolerances[name].bound
            assert np.all(np.abs(found[name] - value) <= bound), name


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("arm", EVERY)
def test_a_run_started_anew_is_the_first_one(runs: dict[str, Any], arm: Arm, update: str) -> None:
    first, further, again = (values(run) for run in runs[arm.name][update])
    assert all(value.tobytes() == again[name].tobytes() for name, value in first.items())
    assert first["losses"].tobytes() != further["losses"].tobytes()


def values(run: Any) -> dict[str, Any]:
    weights, slots, losses = run
    return {**weights, **slots, "losses": losses}


# --- What Keras' own arguments give ----------------------------------------------------------------------------------


def accumulated(in_tensorflow: Callable[..., Any], counts: str) -> Any:
    said = {"kind": "mean", "batches": GROUP, "schedule_counts": counts}
    update = Update.model_validate({"optimizer": "adam", "schedule": SCHEDULE, "accumulation": said})
    return replayed(in_tensorflow, update)


def replayed(in_tensorflow: Callable[..., Any], update: Update) -> Any:
    """A weight of 0 after each gradient."""
    start, given = {"w": np.zeros(1, np.float32)}, [{"w": np.array([each], np.float32)} for each in GRADIENTS]
    (after,) = in_tensorflow(through_adapter.replays, [EAGER], [update], start, given).values()
    return np.concatenate(list(after))


def test_keras_accumulates_as_with_a_schedule_that_counts_batches(in_tensorflow: Callable[..., Any]) -> None:
    wanted = in_tensorflow(raw_tensorflow.accumulated, RATES, GRADIENTS, GROUP)
    assert list(np.flatnonzero(np.diff(wanted, prepend=0))) == [2, 5]
    np.testing.assert_array_equal(accumulated(in_tensorflow, "batches"), wanted)
    assert np.all(accumulated(in_tensorflow, "updates")[2:] != wanted[2:])


@pytest.mark.parametrize("overwrite_every", [None, 3])
def test_keras_averages_as_from_the_first_update(
    in_tensorflow: Callable[..., Any], overwrite_every: int | None
) -> None:
    weights, averages = in_tensorflow(raw_tensorflow.averaged, RATES, GRADIENTS, DECAY, overwrite_every)
    said = {"kind": "exponential", "decay": DECAY, "overwrite_every": overwrite_every}
    update = Update.model_validate({"optimizer": "adam", "schedule": SCHEDULE, "averaging": said})
    found = replayed(in_tensorflow, update)
    # 0.75 and its complement are exact, so that a rounding or two of the average are all that may differ.
    np.testing.assert_allclose(found, weights, rtol=0, atol=8 * np.finfo(np.float32).eps)
    start, given = {"w": np.zeros(1, np.float32)}, [{"w": np.array([each], np.float32)} for each in GRADIENTS]
    (slots,) = in_tensorflow(trainer_runs.slots, [EAGER], [update], start, given).values()
    np.testing.assert_allclose(slots["average/w"], averages[-1:], rtol=0, atol=8 * np.finfo(np.float32).eps)
    from_the_beginning = update.averaging.model_copy(update={"start": "initial_weights"})
    other = update.model_copy(update={"averaging": from_the_beginning})
    (slots,) = in_tensorflow(trainer_runs.slots, [EAGER], [other], start, given).values()
    assert abs(slots["average/w"] - averages[-1:]) > 1e-3
