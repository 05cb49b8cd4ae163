"""Keeps numbers and booleans apart: a field of one kind refuses a value of the other.

Text is still converted to a number, and `yes` to a boolean, since environment variables are text.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import CoreSchema, no_info_before_validator_function

LARGEST_INT32 = 2**31 - 1
LARGEST_INT64 = 2**63 - 1

# Sizes and steps, which plans and frameworks count in int32.
Count = Annotated[int, Field(gt=0, le=LARGEST_INT32)]

# The keys under which a schema holds other schemas.
_PARTS = ("schema", "fields", "items_schema", "keys_schema", "values_schema", "choices")


def kinds_told_apart(schema: CoreSchema) -> CoreSchema:
    """The schema of a spec whose own fields refuse booleans for numbers and numbers for booleans."""
    inner: Any = schema
    # The schema of the model may be inside those of its validators.
    below = _strict if inner["type"] == "model" else kinds_told_apart
    return {**inner, "schema": below(inner["schema"])}


def _strict(node: Any) -> Any:
    if isinstance(node, list | tuple):
        return type(node)(_strict(part) for part in node)
    if not isinstance(node, dict) or node.get("type") == "model":  # other specs do this for themselves
        return node
    if "type" not in node:  # fields, or members of a union, by name
        return {name: _strict(part) for name, part in node.items()}
    if node["type"] == "bool":
        return no_info_before_validator_function(_no_number, node)
    if node["type"] == "int":
        limits = {} if {"lt", "le"} & node.keys() else {"le": LARGEST_INT64}
        return no_info_before_validator_function(_no_boolean, {**node, **limits})
    if node["type"] == "float":
        return no_info_before_validator_function(_no_boolean, node)
    return {key: _strict(part) if key in _PARTS else part for key, part in node.items()}


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticKnownError("float_type")
    return value


def _no_number(value: Any) -> Any:
    if not isinstance(value, bool | str) or value in ("0", "1"):
        raise PydanticKnownError("bool_type")
    return value
