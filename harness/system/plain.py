"""Plain values, as JSON can hold them."""

from __future__ import annotations

from typing import Any


def finite(value: Any) -> Any:
    """The value with every number in it that is not finite replaced by None: JSON has no NaN and no infinity."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not float("-inf") < value < float("inf"):
        return None
    return value
