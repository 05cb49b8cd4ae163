"""The chaos envelope holds what rounding does, tells a wrong rate, and says where it ends."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from composing import experiment

from adapters.reference.ensemble import Flip
from harness.data.loading import load
from harness.judging.context import Context
from harness.judging.envelope import LOSS, Crossing, Envelope, _of_the_asleep, crossings_between, envelope
from harness.judging.tolerances import FACTOR, TELLING, enveloped, summation_error
from harness.plan import draw_plan
from harness.records.step_columns import DIGESTS, columns
from harness.records.tensor_key import TensorKey
from harness.report.plots import envelope_plot, sentence
from harness.rungs.free_run_curves import FreeRuns
from harness.spec.arm import Arm

STEPS = 40
SMALL = (
    "experiment=mnist_mlp",
    "model=mlp_relu",
    "model.layers.1.units=24",
    "model.layers.2.units=16",
    "optimizer=momentum",
    "schedule.rate=0.05",
    "training.batch_size=50",
    "training.epochs=1",
)
ARM = Arm(name="arm", adapter="reference", mode="numpy")


@cache
def context() -> Context:
    e = experiment(*SMALL)
    data = load(e.data)
    return Context(e, draw_plan(e, len(data.x_train)), data, Path())


def around(arm: Arm = ARM) -> Envelope:
    return envelope(context(), arm, STEPS)


@cache
def run(order: bool = False, faster: float = 1.0, precision: str = "float32") -> dict[str, Any]:
    """The curves of the reference; with its pixels and its hidden units in another order; at another rate."""
    c = context()
    arm = ARM.model_copy(update={"precision": precision, "realisation": "exact"})
    adapter = c.oracle if precision == "float64" else c.in_float32(arm)
    schedule = c.experiment.schedule.model_copy(update={"rate": 0.05 * faster})
    update = c.experiment.update.model_copy(update={"schedule": schedule})
    rng = np.random.default_rng(3)
    pixels, first, second = (rng.permutation(n) if order else np.arange(n) for n in (784, 24, 16))
    w = c.plan.weights
    weights = {
        "dense_1/kernel": w["dense_1/kernel"][pixels][:, first],
        "dense_1/bias": w["dense_1/bias"][first],
        "dense_2/kernel": w["dense_2/kernel"][first][:, second],
        "dense_2/bias": w["dense_2/bias"][second],
        "dense_3/kernel": w["dense_3/kernel"][second],
        "dense_3/bias": w["dense_3/bias"],
    }
    assert set(weights) == set(w)
    weights = {name: np.ascontiguousarray(value) for name, value in weights.items()}  # a layout has its own order
    recipe = c.experiment.recipe.model_copy(update={"update": update})
    trainer = adapter.trainer(recipe, weights, STEPS, DIGESTS)
    rows = []
    for batch in c.batches(STEPS):
        x, y = c.samples(batch, precision)
        trainer.bind(x.reshape(len(x), -1)[:, pixels].reshape(x.shape), y)
        result = trainer.train_epoch(np.arange(len(x))[None])
        rows.append(np.concatenate([result.losses[:, None], result.watched], axis=1)[0])
    return dict(zip((LOSS, *columns(recipe.model, DIGESTS)), np.array(rows, np.float64).T, strict=True))


def outside(curves: dict[str, Any], kinds: tuple[str, ...] = ("",), arm: Arm = ARM) -> dict[str, float]:
    """By curve: the largest error over its tolerance, where that is more than 1."""
    e = around(arm)
    worst = {name: float(np.max(np.abs(curves[name] - e.oracle[name]) / e.tolerances[name].bound)) for name in e.oracle}
    return {name: ratio for name, ratio in worst.items() if ratio > 1 and name.startswith(kinds)}


def test_another_order_of_summation_lies_inside() -> None:
    ordered, other = run(), run(order=True)
    assert np.any(ordered[LOSS] != other[LOSS]), "the order makes a difference in the last places"
    assert not outside(ordered)
    # A digest is of a tensor's places, which have changed.
    assert LOSS not in outside(other)


@pytest.mark.parametrize("faster", [1 + 1e-3, 1 - 1e-3])
def test_a_rate_that_is_a_thousandth_off_lies_outside(faster: float) -> None:
    wrong = outside(run(faster=faster))
    assert LOSS in wrong
    assert {name for name in around().oracle if name.startswith("weight_")} <= set(wrong)


def test_undisturbed_runs_are_the_references() -> None:
    e = around()
    for name, curve in run(precision="float64").items():
        np.testing.assert_array_equal(e.oracle[name], curve)
    for name, curve in run().items():
        np.testing.assert_array_equal(e.draws[name][0], curve)


def test_the_runs_are_made_once_for_arms_of_the_same_coefficients() -> None:
    exact = ARM.model_copy(update={"realisation": "exact"})
    in_float64 = ARM.model_copy(update={"precision": "float64"})
    assert around().draws is around(ARM.model_copy(update={"name": "another"})).draws
    assert around(exact).draws is around(in_float64).draws
    assert around(exact).draws is not around().draws


def test_a_float64_arm_is_held_to_float64() -> None:
    in_float64 = ARM.model_copy(update={"precision": "float64"})
    assert not outside(run(precision="float64"), arm=in_float64)
    assert LOSS in outside(run(), arm=in_float64)
    ratio = np.max(around(in_float64).loss.bound) / np.max(around().loss.bound)
    assert ratio < 1e-8


# --- Made-up curves --------------------------------------------------------------------------------------------------


def made_up(apart: Any, oracle: float = 1.0, own: Any = None, flip: Flip | None = None) -> Envelope:
    exact = np.full(len(apart), oracle)
    draws = np.stack([exact, exact + np.asarray(apart)])
    flips = np.zeros((2, len(apart)), np.int64)
    made = Envelope(np.float32, {LOSS: exact}, {LOSS: draws}, {LOSS: np.zeros(len(apart))}, flips, flip)
    return made if own is None else made.with_own({LOSS: own})


def test_the_bound_never_shrinks_and_looks_a_few_steps_ahead() -> None:
    apart = np.zeros(20)
    apart[10] = 0.5
    bound = made_up(apart).loss.bound
    assert np.all(np.diff(bound) >= 0)
    assert bound[5] < FACTOR * 0.5 <= bound[6]
    assert bound[-1] == bound[6]


def test_what_an_arm_shows_of_itself_widens_the_bound_but_not_without_limit() -> None:
    apart = np.full(20, 1e-6)
    plain, wide, wider = (made_up(apart, own=np.full(20, own)).loss.bound for own in (0.0, 3e-6, 1.0))
    assert np.all(plain < wide)
    assert np.all(wide < wider)
    assert np.all(wider < 1.0)


def test_a_draw_that_is_not_finite_leaves_no_bound() -> None:
    apart = np.full(20, 1e-6)
    apart[12:] = np.inf
    bound = made_up(apart).loss.bound
    assert np.all(np.isfinite(bound[:8]))
    assert np.all(np.isinf(bound[12:]))


def test_beyond_the_largest_float32_there_is_no_bound_but_a_number() -> None:
    exact = 10.0 ** np.arange(30, 50)
    with np.errstate(over="ignore"):
        draws = np.stack([exact.astype(np.float32)] * 2)
    e = Envelope(np.float32, {LOSS: exact}, {LOSS: draws}, {LOSS: np.zeros(20)}, np.zeros((2, 20), np.int64), None)
    assert not np.any(np.isnan(e.loss.bound))
    assert np.isfinite(e.loss.bound[0])
    assert np.isinf(e.loss.bound[-1])


def test_a_slope_that_has_had_no_gradient_may_wake_as_far_as_others_are_apart() -> None:
    names = {name: [TensorKey(kind, name) for kind in DIGESTS] for name in ("slope", "kernel")}
    zeros, ones = np.zeros(3), np.ones(3)
    oracle = {LOSS: ones, **{key: zeros if name == "slope" else ones for name, keys in names.items() for key in keys}}
    apart = np.array([[0.0, 0.0, 0.0], [0.25, 0.5, 0.5]])
    draws = {key: apart if key.of == "kernel" else 0 * apart for keys in names.values() for key in keys}
    draws[names["slope"][0]] = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]])  # it wakes at the last step
    least = {LOSS: ones, **{key: zeros for keys in names.values() for key in keys}}
    wider = _of_the_asleep(least, oracle, draws)
    assert set(wider) == set(names["slope"])
    assert wider[names["slope"][0]].tolist() == wider[names["slope"][1]].tolist() == [0.25, 0.5, 0.0]


def test_the_horizon_is_where_the_bound_is_a_share_of_the_loss() -> None:
    growing = 1e-6 * 2.0 ** np.arange(40)
    horizon = made_up(growing).horizon
    assert horizon is not None
    bound = made_up(growing).loss.bound
    assert bound[horizon - 1] <= TELLING < bound[horizon]
    assert made_up(growing[:5]).horizon is None
    assert made_up(growing, oracle=1e9).horizon is None
    assert made_up(np.full(5, 1.0)).horizon == 0
    assert made_up(growing, oracle=-1.0).horizon == horizon, "a loss may be negative"


def test_what_the_first_flip_did() -> None:
    apart = np.array([1e-7] * 15 + [1e-3] * 10)
    flip = Flip(14, 1, "dense_1", (3, 5), -1e-9, 2e-9)
    made = made_up(apart, flip=flip)
    before, at, after = (made.after_flip(steps) for steps in (-10, 0, 10))
    assert before == at
    assert at == pytest.approx(1e-7, rel=1e-10, abs=1e-15)
    assert after == pytest.approx(1e-3, rel=1e-10, abs=1e-15)
    assert made.after_flip(11) is None
    assert made.after_flip(-15) is None
    assert "step 14, dense_1[3, 5]" in made.in_words
    assert made_up(apart).after_flip(0) is None


def test_a_sum_of_many_numbers_may_lose_more() -> None:
    rng = np.random.default_rng(0)
    for count in (100, 10_000, 200_000):
        x = rng.normal(size=count).astype(np.float32)
        one_by_one = np.cumsum(x, dtype=np.float32)[-1]
        lost = abs(float(one_by_one) - float(np.sum(x, dtype=np.float64)))
        bound = FACTOR * summation_error(count, np.linalg.norm(x.astype(np.float64)))
        assert lost <= bound
        assert bound < np.finfo(np.float32).eps * np.abs(x).sum() * count, "less than the worst case"


def test_a_bound_for_float64_is_smaller_by_the_epsilons() -> None:
    reference, apart, none = np.zeros(9), np.full(9, 1e-3), np.zeros(9)
    in_float32, in_float64 = (enveloped(reference, apart, none, each).bound for each in (np.float32, np.float64))
    np.testing.assert_allclose(in_float64 / in_float32, np.finfo(np.float64).eps / np.finfo(np.float32).eps, rtol=1e-12)


def test_crossings_between_two_arms() -> None:
    a = {"flatten_1": np.ones((2, 4)), "dense_1": np.array([[0.0, 1.0, 2.0], [0.0, 0.0, 3.0]])}
    b = {"flatten_1": np.ones((2, 4)), "dense_1": np.array([[0.0, 1.5, 2.0], [0.0, 0.5, 0.0]])}
    assert crossings_between(a, a) == ()
    assert crossings_between(a, b) == (Crossing("dense_1", 2, (1, 1), 0.0, 0.5),)


# --- The picture -----------------------------------------------------------------------------------------------------


def test_the_picture_comes_with_its_numbers(tmp_path: Path) -> None:
    curves = {"one": run()[LOSS], "two": run(order=True)[LOSS][:30]}
    runs = FreeRuns(around(), curves)
    envelope_plot(tmp_path / "trajectory.png", runs.table(), runs.facts())
    assert (tmp_path / "trajectory.png").read_bytes().startswith(b"\x89PNG")
    table = runs.table()
    assert len(table) == STEPS
    np.testing.assert_array_equal(table["reference_float64"], around().oracle[LOSS])
    np.testing.assert_array_equal(table["tolerance"], around().loss.bound)
    np.testing.assert_array_equal(table["loss/two"][:30], curves["two"])
    assert table["loss/two"][30:].isna().all()


def test_the_sentence_above_the_picture() -> None:
    e = made_up(np.full(20, 1e-6))
    exact, wrong = e.oracle[LOSS], e.oracle[LOSS] + np.where(np.arange(20) >= 7, 1e-3, 0)
    table = FreeRuns(e, {"one": exact, "two": wrong, "three": exact[:5]}).table()
    said = sentence(table, e.horizon)
    assert "two leaves the chaos envelope at step 7" in said
    assert "three recorded 5 of 20 steps" in said
    assert "one" not in said
    assert "stay within what rounding alone does, over 20 steps" in sentence(
        FreeRuns(e, {"one": exact, "two": exact}).table(), e.horizon
    )
