"""Which arrangement given figures choose."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.worker.arrangement.figures import Figures, fastest, in_words

BARE = (1.0, 1.0)


def chosen(has_convolutions: bool = True, **seconds: tuple[float, float]) -> str:
    """The choice by the seconds of a convolution and of a product in each arrangement; `none` takes one each."""
    figures = {
        name: Figures(convolution_s=convolution, product_s=product)
        for name, (convolution, product) in {"none": BARE, **seconds}.items()
    }
    return fastest(figures, has_convolutions)


@pytest.mark.parametrize(
    ("seconds", "with_convolutions", "without"),
    [
        ((0.1, 1.0), "other", "none"),  # the product says nothing
        ((1.0, 0.5), "other", "other"),
        ((0.79, 1.0), "none", "none"),  # 1.27 times as fast is not clearly faster
        ((0.76, 1.0), "other", "none"),
        ((0.1, 1.29), "other", "none"),  # slower, but not clearly
        ((0.1, 1.31), "none", "none"),
        ((1.31, 0.1), "none", "other"),
        ((1.0, 1.0), "none", "none"),
        ((9.0, 9.0), "none", "none"),
    ],
)
def test_one_candidate(seconds: tuple[float, float], with_convolutions: str, without: str) -> None:
    assert chosen(other=seconds) == with_convolutions
    assert chosen(has_convolutions=False, other=seconds) == without


def test_of_several_the_fastest_over_both_operations() -> None:
    assert chosen(first=(0.5, 1.0), second=(0.4, 1.0)) == "second"
    assert chosen(first=(0.4, 1.0), second=(0.5, 0.5)) == "second"
    assert chosen(first=(0.5, 1.0), second=(0.5, 1.0)) == "first"


def test_a_candidate_that_slows_one_operation_does_not_hide_another() -> None:
    assert chosen(fast=(0.01, 2.0), fair=(0.5, 1.0)) == "fair"


def test_in_words() -> None:
    figures = {"none": Figures(convolution_s=8.0, product_s=1.1), "avx2": Figures(convolution_s=1.0, product_s=1.0)}
    assert in_words(figures, "avx2") == "convolution 8.0 times as fast, matrix product 1.1 times"


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_figures_are_times(seconds: float) -> None:
    with pytest.raises(ValidationError):
        Figures(convolution_s=seconds, product_s=1.0)
