"""Rounding to 16 bits, in float32 arrays."""

import numpy as np
import pytest

from adapters.reference.rounding import FORMATS, Stream, at_random, cast, epsilon, nearest, rounded, rounding, telling

PRECISIONS = ("float16", "bfloat16")


def numbers(count=20_000):
    """Float32 numbers of many sizes: past the largest float16 number, and below the smallest."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=count) * 10.0 ** rng.uniform(-9, 4.5, count)).astype(np.float32)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_nearest_number_is_within_half_a_unit_and_ties_go_to_even(precision):
    """A unit is epsilon at 1; a tie is half of it above 1 or above the number after it."""
    eps = FORMATS[precision].epsilon
    x = numbers()
    x = x[(np.abs(x) > 1e-4) & (np.abs(x) < 6e4)]
    assert np.max(np.abs(nearest(x, precision) - x) / np.abs(x)) <= eps / 2
    ties = np.array([1 + eps / 2, 1 + 3 * eps / 2], np.float32)
    assert nearest(ties, precision).tolist() == [1.0, 1 + 2 * eps]


def test_bfloat16_has_the_digits_that_remain_of_a_float32_number():
    """Of 3.140625 = 11.001001 in binary the eight digits are exact; pi is between it and 3.15625."""
    assert nearest(np.array([np.pi], np.float32), "bfloat16").tolist() == [3.140625]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_numbers_that_are_not_finite_stay(precision):
    """Also where numbers are rounded at random."""
    x = np.array([np.inf, -np.inf, np.nan], np.float32)
    for stream in (Stream(0), Stream(1)):
        np.testing.assert_array_equal(stream.rounded(x, precision), x)


def test_past_the_largest_number_there_is_infinity_and_an_overflow_is_told():
    """65520 is the tie between 65504, the largest number of float16, and the one that would follow."""
    x = np.array([65519.0, 65520.0, -7e4], np.float32)
    overflows = []
    with np.errstate(all="raise"), telling(overflows):
        assert nearest(x, "float16").tolist() == [65504.0, np.inf, -np.inf]
        assert overflows
        overflows.clear()
        nearest(np.array([np.inf, 65519.0], np.float32), "float16")
    assert not overflows


@pytest.mark.parametrize("precision", PRECISIONS)
def test_at_random_a_number_goes_to_one_of_its_neighbours_and_keeps_its_mean(precision):
    """A quarter of a unit above 1 goes up with probability 1/4; numbers of the format stay."""
    eps = FORMATS[precision].epsilon
    x = np.full(40_000, 1 + eps / 4, np.float32)
    found = Stream(1).rounded(x, precision)
    assert set(found.tolist()) == {1.0, 1 + eps}
    assert abs((found - 1).mean() / eps - 0.25) < 5 * np.sqrt(0.25 * 0.75 / x.size)
    exact = nearest(numbers()[np.abs(numbers()) < 6e4], precision)
    np.testing.assert_array_equal(Stream(2).rounded(exact, precision), exact)


def test_outside_of_a_context_nothing_is_rounded():
    """And the unit is that of float32."""
    x = numbers(100)
    assert rounded(x) is x
    assert cast(x) is x
    assert epsilon() == np.finfo(np.float32).eps
    with rounding(None):
        assert rounded(x) is x
    with rounding("float16"):
        assert epsilon() == 2.0**-10


def test_each_draw_has_its_own_numbers_whether_it_is_computed_with_others_or_alone():
    """Draws are joined along the first axis."""
    x = numbers(60).reshape(6, 10)
    x = np.where(np.abs(x) < 6e4, x, 1.0).astype(np.float32)
    with rounding("float16", [Stream(0), Stream(1), Stream(2)]):
        together = rounded(x)
    for draw in range(3):
        with rounding("float16", [Stream(draw)]):
            np.testing.assert_array_equal(rounded(x[2 * draw : 2 * draw + 2]), together[2 * draw : 2 * draw + 2])
    with at_random(1), rounding("float16"):
        np.testing.assert_array_equal(rounded(x[2:4]), together[2:4])
