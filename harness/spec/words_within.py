"""The words in a spec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from harness.spec.base import Word


def words_within(spec: Any) -> Iterator[Word]:
    """Every word in a spec, the spec itself included if it is a word."""
    if isinstance(spec, Word):
        yield spec
        yield from spec.implied_words
    if isinstance(spec, BaseModel):
        spec = tuple(value for _, value in spec)
    if isinstance(spec, tuple):
        for part in spec:
            yield from words_within(part)
