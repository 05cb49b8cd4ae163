"""The draw that is pushed across the kinks: every one within reach, no other, and by no more than the reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adapters.reference.draws import pushing_signs, side_by_side, sign
from adapters.reference.kink_crossing import across, push_of, push_of_loss, pushed, signs_pushed, swap_largest
from adapters.reference.layers import apply
from adapters.reference.rectifiers import KINKS, branch
from harness.spec.layers import GlobalMaxPool2d, MaxPool2d
from harness.spec.losses import Hinge, MeanAbsoluteError, MeanSquaredError
from harness.spec.model import place
from harness.spec.vocabulary import specimens

REACH = 2.0**-10
BENT: list[Any] = [word for word in specimens("activation") if type(word) in KINKS]


@pytest.mark.parametrize("word", BENT, ids=lambda word: word.name_in_tables)
def test_what_is_within_reach_of_a_kink_takes_the_other_branch(word: Any) -> None:
    kinks = KINKS[type(word)]
    first = np.array([kink + by * REACH for kink in kinks for by in (-2, -0.5, 0.5, 2)])
    last = first.copy()
    push_of(word)(first, last, REACH)
    near = np.tile([False, True, True, False], len(kinks))
    np.testing.assert_array_equal(branch(word, last) != branch(word, first), near)
    np.testing.assert_array_equal(last[~near], first[~near])
    assert np.max(np.abs(last - first)) <= 2 * REACH


def test_what_is_on_the_other_side_already_stays() -> None:
    first, last = np.array([0.5 * REACH]), np.array([-0.1 * REACH])
    across(first, last, REACH, 0.0)
    assert last[0] == -0.1 * REACH


@pytest.mark.parametrize(("share", "flips"), [(1.0, True), (1e-3, False)])
def test_a_sign_of_what_is_all_rounding_is_the_other_in_the_last_draw(share: float, flips: bool) -> None:
    """A number is all rounding next to a unit in the last place of the largest gradient, of which it has a share."""
    other = {"kernel": np.ones((4, 5))}
    noise = np.array([[2e-8, 1e-3], [2.1e-8, 1e-3], [1.9e-8, 1e-3], [2e-8, 1e-3]], np.float32)
    with pushing_signs(signs_pushed(other, 4.0)):
        signs = sign(noise, share)
    assert signs[:3].tolist() == [[1, 1]] * 3
    assert signs[3].tolist() == [-1 if flips else 1, 1]
    assert sign(noise).tolist() == [[1, 1]] * 4


def test_the_runner_up_of_a_window_becomes_the_largest() -> None:
    near, far, same = [1.0, 3.0, 3.0 - REACH / 2], [1.0, 3.0, 2.0], [3.0, 3.0, 1.0]
    padding = [-np.inf, 3.0, 3.0 - REACH / 2]
    first = np.array([near, far, same, padding]).T[None]  # (1, cells, channels)
    last = first.copy()
    swap_largest(first, last, REACH)
    np.testing.assert_array_equal(first.argmax(axis=-2)[0], [1, 1, 0, 1])
    np.testing.assert_array_equal(last.argmax(axis=-2)[0], [2, 1, 0, 2])
    np.testing.assert_array_equal(last.max(axis=-2), first.max(axis=-2))


@pytest.mark.parametrize("word", [MaxPool2d(pool_size=(2, 2), strides=(2, 2), padding="same"), GlobalMaxPool2d()])
def test_only_the_last_draws_maximum_comes_from_elsewhere(word: Any) -> None:
    (placed,) = place((word,), (5, 5, 2))
    one = np.random.default_rng(0).normal(size=(3, 5, 5, 2))
    x = np.concatenate([one, one * (1 + 1e-9), one])
    plain = apply(placed, {}, x, {}, True)

    def push(of: Any, rows: Any) -> Any:
        return pushed(rows.reshape(3, -1, *rows.shape[1:]), 1e12, push_of(of)).reshape(rows.shape)

    with side_by_side(push):
        moved = apply(placed, {}, x, {}, True)
    upstream = np.ones_like(plain.y)
    before, after = plain.pullback(upstream)[0], moved.pullback(upstream)[0]
    np.testing.assert_array_equal(moved.y, plain.y)
    np.testing.assert_array_equal(after[:6], before[:6])
    assert np.any(after[6:] != before[6:])
    assert after.sum() == before.sum()


def test_a_loss_is_pushed_where_its_outputs_meet_the_targets() -> None:
    y = np.array([[1.0], [2.0]])
    first = y + np.array([[REACH / 2], [2 * REACH]])
    last = first.copy()
    push = push_of_loss(MeanAbsoluteError(), y)
    assert push is not None
    push(first, last, REACH)
    np.testing.assert_array_equal(last, y + np.array([[-REACH / 2], [2 * REACH]]))
    assert push_of_loss(MeanSquaredError(), y) is None
    labels, outputs = np.array([0, 1], np.int32), np.array([[1 - REACH / 2, 5.0], [5.0, 1 + REACH / 2]])
    hinged = outputs.copy()
    of_labels = push_of_loss(Hinge(), labels)
    assert of_labels is not None
    of_labels(outputs, hinged, REACH)
    assert hinged[0, 0] > 1 > hinged[1, 1]
    assert np.all(hinged[[0, 1], [1, 0]] == 5)


def test_the_reach_is_what_rounding_does_to_the_nearest_of_the_others() -> None:
    rng = np.random.default_rng(0)
    first, noise = rng.normal(size=(2, 10_000))
    first[:1000] *= 1e-6
    draws = np.stack([first, first + 1e-3 * noise, first + 1e-7 * noise, first])
    found = pushed(draws, 4.0, push_of(BENT[0]))
    np.testing.assert_array_equal(found[:-1], draws[:-1])
    within = np.abs(first) <= 4.0 * np.sqrt(np.mean((draws[2] - first) ** 2))
    np.testing.assert_array_equal(found[-1] != first, within)
    assert 0 < within[:1000].sum() < 1000


def test_where_all_have_gone_their_ways_nothing_is_pushed() -> None:
    first = np.random.default_rng(0).normal(size=10_000)
    chaotic = np.stack([first, first * 1.01, first * 0.99, first])
    alone = np.stack([first, first])
    for draws in (chaotic, alone):
        np.testing.assert_array_equal(pushed(draws, 4.0, push_of(BENT[0])), draws)
