"""The loops that users of a framework type, on a recipe, in the one process that holds the framework."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import adapters
from harness.spec.arm import Arm
from harness.spec.recipe import Recipe

Arrays = dict[str, Any]


def losses(arm: Arm, name: str, recipes: list[Recipe], weights: Arrays, x: Any, y: Any, order: Any) -> list[Any]:
    """For each recipe the losses of every step, by the loop of this name."""
    about = adapters.info(arm.adapter).user_loops
    assert about is not None
    found = []
    for recipe in recipes:
        setting = adapters.load(arm).setting  # type: ignore[attr-defined]
        loop = import_module(about.module).user_loop(name, recipe, weights, len(order), len(order), setting)
        loop.bind(x, y)
        found.append(loop.losses(order))
    return found
