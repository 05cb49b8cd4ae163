"""A view chooses elements of a parameter: what it takes out can be put back, and nothing else is touched."""

import numpy as np
import pytest

from adapters.views import inverse_of_permutation, placed, positions, viewed

VALUE = np.arange(72.0).reshape(12, 6)
VIEWS = {
    "as it is": [],
    "transposed": [["permute", [1, 0]]],
    "gates": [["blocks", 0, 3, [1, 0, 2]], ["permute", [1, 0]]],
    "a third": [["blocks", 0, 3, [2]]],
    "heads": [["reshape", [12, 2, 3]]],
    "a slice": [["slice", -1, 2, 5]],
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_what_is_placed_is_viewed_and_the_rest_stays(view):
    part = viewed(VALUE, view) + 100
    changed = placed(VALUE, view, part)
    assert np.array_equal(viewed(changed, view), part)
    elsewhere = np.setdiff1d(np.arange(VALUE.size), positions(VALUE.shape, view))
    assert np.array_equal(changed.ravel()[elsewhere], VALUE.ravel()[elsewhere])


def test_blocks_are_taken_in_the_order_given():
    assert np.array_equal(viewed(VALUE, [["blocks", 0, 3, [1, 0]]]), np.concatenate([VALUE[4:8], VALUE[:4]]))


def test_an_axis_that_has_no_equal_blocks_is_refused():
    with pytest.raises(ValueError, match="cannot be cut into 5 equal blocks"):
        viewed(VALUE, [["blocks", 0, 5, [0]]])


def test_a_permutation_is_undone():
    value = np.zeros((2, 3, 4, 5))
    axes = (2, 0, 3, 1)
    assert viewed(viewed(value, [["permute", axes]]), [inverse_of_permutation(axes)]).shape == value.shape
