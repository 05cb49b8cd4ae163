"""Random words: specimens of a family with their numbers varied, and groups of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from pydantic import ValidationError

from harness.spec.vocabulary import parse, specimens

Plain = dict[str, Any]


def seldom(family: str) -> SearchStrategy[Plain]:
    return st.one_of(st.just({"kind": "none"}), varied(family))


@st.composite
def varied(draw: DrawFn, family: str, among: Sequence[Any] | None = None) -> Plain:
    """A specimen of the family, in plain containers, its numbers varied."""
    word = draw(st.sampled_from(list(among or specimens(family))))
    made: Plain = _varied(draw, word.model_dump(mode="json"))
    try:
        parse(family, made)
    except ValidationError:
        hypothesis.reject()
    return made


def _varied(draw: DrawFn, value: Any, name: str = "") -> Any:
    """Numbers of steps become few enough for boundaries to lie within a run; fractions stay fractions."""
    if isinstance(value, dict):
        return {key: _varied(draw, each, key) for key, each in value.items()}
    if name == "boundaries":
        first = draw(st.integers(1, 3))
        return [first, first + draw(st.integers(1, 3))]
    if isinstance(value, list):
        return [_varied(draw, each, name) for each in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value == 0:
        return value
    if isinstance(value, int):
        return draw(st.integers(1, 6))
    factor = draw(numbers(0.5, 1.5))
    return 1 - (1 - value) * factor if 0.5 < value < 1 else value * factor


def numbers(low: float, high: float) -> SearchStrategy[float]:
    return st.floats(low, high)


def groups() -> SearchStrategy[list[Plain]]:
    """Kernels, or the first dense layer, at another rate; biases and norms without a decay, or with another one."""
    first = {"parameters": st.sampled_from(["kernel", "dense_1", "*/bias"]), "rate_factor": numbers(0.2, 3.0)}
    fixed = {"parameters": st.just(["bias", "norm"]), "weight_decay": st.one_of(st.just(0.0), numbers(0.01, 0.1))}
    one = st.one_of(st.fixed_dictionaries(first), st.fixed_dictionaries(fixed))
    return st.one_of(
        st.lists(one, min_size=1, max_size=1), st.tuples(*map(st.fixed_dictionaries, (fixed, first))).map(list)
    )
