"""A gradient that is 0 but for rounding must not lend its relative error, which is none, to the others."""

from __future__ import annotations

import numpy as np

from harness.judging.tolerances import FACTOR, FLOOR_ULP, pooled_error
from harness.judging.ulp import ulp

EPS = 2.0**-23
REFERENCE = {"kernel": np.array([1.0, -2.0]), "bias": np.array([1e-17, -3e-18])}
IN_FLOAT32 = {"kernel": np.array([1.0 + EPS, -2.0]), "bias": np.array([4 * EPS, 0.0])}


def test_the_others_keep_their_own_bound() -> None:
    found = pooled_error(REFERENCE, IN_FLOAT32, np.float32)["kernel"].bound
    wanted = FACTOR * EPS + FLOOR_ULP * ulp(REFERENCE["kernel"], np.float32)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_it_is_judged_by_its_own_error_and_the_place_of_its_terms() -> None:
    found = pooled_error(REFERENCE, IN_FLOAT32, np.float32)["bias"].bound
    own = np.abs(IN_FLOAT32["bias"] - REFERENCE["bias"]).max()
    wanted = FACTOR * own + FLOOR_ULP * ulp(np.array([2.0, 2.0]), np.float32)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_two_terms_that_cancel_exactly_were_rounded_all_the_same() -> None:
    given = {"kernel": REFERENCE["kernel"], "bias": np.zeros(2)}
    found = pooled_error(given, {**IN_FLOAT32, "bias": np.zeros(2)}, np.float32)["bias"].bound
    np.testing.assert_allclose(found, FLOOR_ULP * ulp(np.array([2.0, 2.0]), np.float32), rtol=1e-12)


def test_a_vanishing_gradient_with_digits_of_its_own_keeps_them() -> None:
    given = {"kernel": np.array([1.0]), "deep": np.array([1e-9])}
    found = pooled_error(given, {"kernel": np.array([1.0]), "deep": np.array([1e-9 * (1 + EPS)])}, np.float32)
    assert np.all(found["deep"].bound < 100 * EPS * 1e-9)


def test_a_small_gradient_is_no_rounding() -> None:
    reference = {"kernel": np.array([1.0]), "small": np.array([1e-5])}
    in_float32 = {"kernel": np.array([1.0]), "small": np.array([1e-5 * (1 + 4 * EPS)])}
    found = pooled_error(reference, in_float32, np.float32)["kernel"].bound
    assert np.all(found > FACTOR * 3.9 * EPS)
