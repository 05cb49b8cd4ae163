"""All layers of a framework, measured one after the other; the functions are called in the framework's process."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import own_layers


def all_measured(framework: str, mode: str, every: int) -> tuple[int, dict[str, dict[str, Any]]]:
    """How many layers there are and, by layer, what `own_layers.measured` says of it, or the error in words.

    Of each `every` layers the first is measured.
    """
    file = f"native_layers_{framework}"
    answers: dict[str, dict[str, Any]] = {}
    builders = import_module(file).BUILDERS
    for name, (_, shape) in list(builders.items())[::every]:
        x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
        try:
            with np.errstate(all="ignore"):
                answers[name] = own_layers.measured(framework, mode, f"{file}.py", name, x)
        except Exception as error:
            answers[name] = {"told": f"{type(error).__name__}: {error}"}
    return len(builders), answers


def all_built(framework: str, mode: str, cases: dict[str, tuple[str, Any, Any, str]]) -> dict[str, dict[str, Any]]:
    """By case (builder, x, y, layout) what `own_layers.built` says of it."""
    file = f"whole_models_{framework}.py"
    return {
        case: own_layers.built(framework, mode, file, builder, x, y, layout)
        for case, (builder, x, y, layout) in cases.items()
    }
