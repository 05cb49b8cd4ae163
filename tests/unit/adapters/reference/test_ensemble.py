"""Several runs of the reference at once: each is the run that it would be alone, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ensembles import CLASSES, DRAWS, adapter_of, alone, batches, model_of, recipe_of, side_by_side, starts

from adapters.reference.disturbed import Disturbance, disturbing
from adapters.reference.ensemble import Ensemble, disturbed
from harness.spec.activations import Relu, Tanh
from harness.spec.layers import BatchNorm, Dense, Flatten
from harness.spec.losses import SoftmaxCrossEntropy
from harness.spec.optimizers import HeavyBall
from harness.spec.regularizers import L1, L2
from harness.spec.vocabulary import specimens
from harness.spec.weight_decay import Coupled

ADAPTER = adapter_of()


def small() -> Any:
    return model_of(Dense(units=5, activation="tanh", kernel_initializer="he_normal"), BatchNorm(), shape=(6,))


def each_is_the_run_alone(recipe: Any, adapter: Any = ADAPTER) -> None:
    steps, ensemble = side_by_side(recipe, adapter)
    for draw in range(DRAWS):
        losses, digests, weights = alone(recipe, adapter, draw)
        np.testing.assert_array_equal([step.losses[draw] for step in steps], losses)
        np.testing.assert_array_equal([step.digests[draw] for step in steps], digests)
        ended = ensemble.weights(draw)
        assert list(ended) == list(weights)
        for name, value in weights.items():
            np.testing.assert_array_equal(ended[name], value, err_msg=name)
            assert ended[name].dtype == value.dtype
    # Else three runs of one draw would pass.
    assert len({step.digests[draw].tobytes() for step in steps for draw in range(DRAWS)}) > len(steps)


def named(family: str) -> list[Any]:
    words: Any = specimens(family)
    return [pytest.param(word, id=word.name_in_tables) for word in words]


@pytest.mark.parametrize("layer", named("layer"))
def test_every_layer(layer: Any) -> None:
    each_is_the_run_alone(recipe_of(model_of(layer, shape=layer.specimen_shape())))


@pytest.mark.parametrize("activation", named("activation"))
def test_every_activation(activation: Any) -> None:
    dense = Dense(units=5, activation=activation, kernel_initializer="he_normal")
    each_is_the_run_alone(recipe_of(model_of(dense, shape=(6,))))


@pytest.mark.parametrize("optimizer", named("optimizer"))
@pytest.mark.parametrize("policy", ["native", "exact"])
def test_every_optimizer(optimizer: Any, policy: Any) -> None:
    each_is_the_run_alone(recipe_of(small(), optimizer=optimizer), adapter_of(policy=policy))


@pytest.mark.parametrize("clipping", named("clipping"))
def test_every_clipping(clipping: Any) -> None:
    each_is_the_run_alone(recipe_of(small(), clipping=clipping))


@pytest.mark.parametrize("regularizer", named("regularizer"))
def test_every_regularizer(regularizer: Any) -> None:
    each_is_the_run_alone(recipe_of(small(), regularizer=regularizer, weight_decay=Coupled(factor=0.01)))


@pytest.mark.parametrize("weighting", ["batch", "sum_of_weights"])
def test_class_weights_count_within_a_draw(weighting: Any) -> None:
    loss = SoftmaxCrossEntropy(class_weights=(1.0, 2.0, 0.5)[:CLASSES], weighting=weighting)
    each_is_the_run_alone(recipe_of(small(), loss))


def test_in_float64_a_single_draw_is_the_oracle() -> None:
    each_is_the_run_alone(recipe_of(small()), adapter_of("float64", "exact"))


@pytest.mark.parametrize("word", [SoftmaxCrossEntropy(), HeavyBall(momentum=0.9, form="rate_outside"), Tanh(), Dense])
def test_a_word_that_is_disturbed_is_so_side_by_side(word: Any) -> None:
    recipe, kind = recipe_of(small()), word if isinstance(word, type) else type(word)
    plain = side_by_side(recipe, ADAPTER)[0]
    with disturbing({kind: Disturbance(2.0**-10)}, 0) as touched:
        moved = side_by_side(recipe, ADAPTER)[0]
    assert touched == {kind}
    assert np.all(moved[-1].losses != plain[-1].losses)


# --- Disturbances and flips ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("regularizer", [L1(l1=0.01), L2(l2=0.01)], ids=["l1", "l2"])
def test_losses_after_which_nothing_is_updated(regularizer: Any) -> None:
    recipe = recipe_of(small(), regularizer=regularizer)
    first, second, *_ = batches(recipe.model)
    ensembles = [Ensemble(ADAPTER, recipe, starts(recipe.model), 2, reach=4.0) for _ in range(2)]
    for ensemble in ensembles:
        ensemble.step(*first)
    before = ensembles[1].weights(0)
    updated, alone = (
        ensemble.step(*second, updates) for ensemble, updates in zip(ensembles, (True, False), strict=True)
    )
    np.testing.assert_array_equal(alone.losses, updated.losses)
    np.testing.assert_array_equal(alone.flips, updated.flips)
    for name, value in ensembles[1].weights(0).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


def test_a_disturbance_is_at_most_one_unit_in_the_last_place() -> None:
    weights = {"a": np.random.default_rng(0).normal(size=(40, 50)), "b": np.zeros(9), "c": np.ones(9)}
    first, moved, again, other = (disturbed(weights, seed) for seed in (0, 1, 1, 2))
    for name, value in weights.items():
        np.testing.assert_array_equal(first[name], value.astype(np.float32))
        np.testing.assert_array_equal(moved[name], again[name])
        units = (moved[name] - first[name]) / np.spacing(np.abs(first[name]))
        assert moved[name].dtype == np.float32
        assert set(np.unique(units)) == ({0.0} if name == "b" else {-1.0, 0.0, 1.0})
    assert np.any(moved["a"] != other["a"])


def test_no_rounding_flips_what_is_far_from_its_kink() -> None:
    steps, _ = side_by_side(recipe_of(small()), ADAPTER)
    assert all(step.first_flip is None and not step.flips.any() for step in steps)


def flipped(recipe: Any, reach: float) -> Any:
    """The steps of a training whose draws start a little apart at a relu."""
    steps, _ = side_by_side(recipe, ADAPTER, reach)
    return steps


def rectified() -> Any:
    dense = Dense(units=200, activation=Relu(), kernel_initializer="he_normal")
    return recipe_of(model_of(Flatten(), dense, shape=(6,)))


def test_the_last_draw_is_pushed_across_what_rounding_can_reach() -> None:
    natural, pushed = flipped(rectified(), 0.0), flipped(rectified(), 1e4)
    assert not any(step.flips.any() for step in natural)
    (first, *_) = [step.flips for step in pushed if step.flips.any()]
    assert first[-1] > 0, "so far a reach crosses kinks"
    assert not first[:-1].any(), "only the last draw is pushed"
    assert all(step.first_flip is None for step in pushed), "what was pushed did not flip by rounding"
    np.testing.assert_array_equal([step.losses[0] for step in natural], [step.losses[0] for step in pushed])


def test_a_penalty_on_absolute_values_is_pushed_at_zero() -> None:
    recipe = recipe_of(small(), regularizer=L1(l1=0.1))
    natural, pushed = flipped(recipe, 0.0), flipped(recipe, 1e6)
    np.testing.assert_array_equal([s.losses[:-1] for s in natural], [s.losses[:-1] for s in pushed])
    assert np.any(natural[0].digests[-1] != pushed[0].digests[-1])
    unbent = recipe_of(small(), regularizer=L2(l2=0.1))
    for one, other in zip(flipped(unbent, 0.0), flipped(unbent, 1e6), strict=True):
        np.testing.assert_array_equal(one.digests, other.digests)


def test_the_first_flip_names_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = rectified()
    weights = starts(recipe.model)
    monkeypatch.setattr("ensembles.starts", lambda _model, count=DRAWS: weights)
    name = "dense_1/bias"
    weights[1] = {**weights[1], name: weights[1][name] + np.float32(0.01)}
    steps = flipped(recipe, 0.0)
    first = steps[0].first_flip
    assert first is not None
    assert (first.step, first.draw, first.layer) == (0, 1, "dense_1")
    assert first.value <= 0 < first.disturbed <= 0.02
    assert len(first.index) == 2
    assert steps[0].flips[1] > 0
    assert steps[0].flips[0] == steps[0].flips[2] == 0
