"""Draws that are computed one after the other are bit for bit those that are computed at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ensembles import UPDATES, adapter_of, batches, model_of, recipe_of, starts

from adapters.reference import ensemble as ensembles_module
from adapters.reference.cancellation import Remainders, leaving
from adapters.reference.draws import AT_ONCE_BYTES, are_small
from adapters.reference.ensemble import Ensemble, Step
from harness.records.step_columns import DIGESTS
from harness.spec.layers import BatchNorm, Conv2d, Dense, LayerNorm, MaxPool2d
from harness.spec.losses import Hinge
from harness.spec.regularizers import L1
from harness.spec.vocabulary import specimens

DRAWS = 4
SIGNS = (0.0, 1.0, -1.0, 1.0)
ADAPTER = adapter_of()


def run(recipe: Any, reach: float, at_once: bool | None) -> tuple[list[Step], Ensemble, Remainders]:
    draws = starts(recipe.model, DRAWS)
    ensemble = Ensemble(ADAPTER, recipe, draws, UPDATES, DIGESTS, reach, at_once=at_once)
    with np.errstate(all="ignore"), leaving(*SIGNS) as left:
        steps = [ensemble.step(*batch) for batch in batches(recipe.model)]
    return steps, ensemble, left


def both_are_equal(recipe: Any, reach: float = 4.0) -> list[Step]:
    at_once, together, left_at_once = run(recipe, reach, True)
    in_turn, one_by_one, left_in_turn = run(recipe, reach, False)
    for a, b in zip(at_once, in_turn, strict=True):
        np.testing.assert_array_equal(a.losses, b.losses)
        np.testing.assert_array_equal(a.digests, b.digests)
        np.testing.assert_array_equal(a.flips, b.flips)
        assert repr(a.first_flip) == repr(b.first_flip)
    for draw in range(DRAWS):
        for name, value in together.weights(draw).items():
            np.testing.assert_array_equal(value, one_by_one.weights(draw)[name], err_msg=name)
    assert left_at_once.cancelled == left_in_turn.cancelled
    return in_turn


def named(family: str) -> list[Any]:
    words: Any = specimens(family)
    return [pytest.param(word, id=word.name_in_tables) for word in words]


@pytest.mark.parametrize("reach", [4.0, 1e4])
@pytest.mark.parametrize("layer", named("layer"))
def test_every_layer(layer: Any, reach: float) -> None:
    both_are_equal(recipe_of(model_of(layer, shape=layer.specimen_shape())), reach)


@pytest.mark.parametrize("activation", named("activation"))
def test_every_activation(activation: Any) -> None:
    dense = Dense(units=50, activation=activation, kernel_initializer="he_normal")
    both_are_equal(recipe_of(model_of(dense, shape=(6,))), 1e4)


def test_the_last_draw_is_pushed_by_what_the_others_showed() -> None:
    pushed = both_are_equal(rectified(), 1e4)
    natural = run(rectified(), 0.0, False)[0]
    assert any(step.flips[-1] for step in pushed)
    assert not any(step.flips.any() for step in natural)


def test_a_loss_and_a_penalty_with_kinks() -> None:
    both_are_equal(recipe_of(rectified().model, Hinge(), regularizer=L1(l1=0.1)), 1e4)


def test_a_flip_by_rounding_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = rectified()
    weights = starts(recipe.model, DRAWS)
    for draw, by in ((1, 0.01), (2, 0.02)):
        weights[draw] = {name: value + np.float32(by) for name, value in weights[draw].items()}
    monkeypatch.setitem(run.__globals__, "starts", lambda model, count: weights)
    first = both_are_equal(recipe)[0].first_flip
    assert first is not None
    assert first.draw == 1


def test_what_cancels_leaves_the_sign_of_its_draw() -> None:
    one = Dense(units=1, kernel_initializer="he_normal")
    recipe = recipe_of(model_of(one, LayerNorm(), Dense(units=4, kernel_initializer="he_normal"), shape=(6,)))
    steps = both_are_equal(recipe)
    assert run(recipe, 4.0, False)[2].cancelled
    assert len({float(loss) for loss in steps[0].losses}) == len(set(SIGNS))


def test_large_draws_are_computed_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    convolution = Conv2d(filters=3, kernel_size=(3, 3), padding="same", kernel_initializer="he_normal")
    recipe = recipe_of(model_of(convolution, BatchNorm(), MaxPool2d(pool_size=(2, 2), strides=(2, 2)), shape=(6, 6, 1)))
    groups: list[int] = []
    of_each_draw = ensembles_module.of_each_draw

    def counted(word: Any, outputs: Any, y: Any, draws: int) -> Any:
        groups.append(draws)
        return of_each_draw(word, outputs, y, draws)

    monkeypatch.setattr(ensembles_module, "of_each_draw", counted)
    run(recipe, 4.0, None)
    assert groups == [DRAWS] * UPDATES
    monkeypatch.setattr("adapters.reference.draws.AT_ONCE_BYTES", 1)
    groups.clear()
    run(recipe, 4.0, None)
    assert groups == [1] * DRAWS * UPDATES


def test_they_are_small_by_the_bytes_of_all_outputs() -> None:
    assert are_small(AT_ONCE_BYTES // 4, 4)
    assert not are_small(AT_ONCE_BYTES // 4 + 1, 4)
    assert not are_small(AT_ONCE_BYTES // 4, 8)


def rectified() -> Any:
    return recipe_of(model_of(Dense(units=200, activation="relu", kernel_initializer="he_normal"), shape=(6,)))
