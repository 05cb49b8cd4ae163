"""The key `seeds`: a count, or the seeds themselves."""

from __future__ import annotations

from typing import Any

import pytest

from harness.composition.seeds import ALLOWED, MOST, seeds_from, wrong_seeds


@pytest.mark.parametrize(
    ("given", "first", "seeds"),
    [(1, 0, (0,)), (3, 5, (5, 6, 7)), ([4, 2], 9, (4, 2)), ([0], 9, (0,))],
)
def test_seeds(given: Any, first: int, seeds: tuple[int, ...]) -> None:
    assert seeds_from(given, first) == seeds
    assert wrong_seeds(given) == []


def test_the_most() -> None:
    assert len(seeds_from(MOST, 0)) == MOST
    assert len(seeds_from(list(range(MOST)), 0)) == MOST


@pytest.mark.parametrize("given", [0, -1, MOST + 1, 1.0, "3", True, None, [], [1, 1], [-1], [True], [1.5], {"a": 1}])
def test_what_is_neither(given: Any) -> None:
    assert seeds_from(given, 0) == ()
    (mistake,) = wrong_seeds(given)
    assert mistake.path == ("seeds",)
    assert mistake.text.endswith(f"; allowed: {ALLOWED}")


def test_a_first_seed_that_is_no_number_gives_none() -> None:
    """It has a mistake of its own."""
    assert seeds_from(3, "x") == ()
    assert seeds_from([1], "x") == (1,)
