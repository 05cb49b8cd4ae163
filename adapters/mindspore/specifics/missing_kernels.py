"""Operations for which the device has no kernel, such as most of `mindspore.mint` on a CPU."""

from __future__ import annotations

import re
from typing import Any

MISSING = re.compile(
    r"The kernel (\w+) unregistered|Create kernelmod for op (\w+) failed|Not found op (\w+) on device|(Not implement)"
)
MINT = "mindspore.mint"


def told_of_missing_kernel(error: Exception, location: str, name: str, layer: Any, device: str) -> str:
    """That the device has no kernel for a layer, or for a function in it; empty if the error is another one.

    `location`: of the builder. `name`, `layer`: the layer that the model stopped in; empty and None if it is in none.
    """
    found = MISSING.search(str(error))
    if found is None:
        return ""
    operation = next(filter(None, found.groups()))
    kind = "" if layer is None else type(layer).__name__
    is_mint = kind.endswith("Ext") or (layer is not None and type(layer).__module__.startswith(MINT))
    place = f"layer {name} ({f'{MINT}.nn.' if is_mint else ''}{kind.removesuffix('Ext')})" if name else "the model"
    instead = f"; take the layer of mindspore.nn in place of that of {MINT}.nn" if is_mint else ""
    lacking = "" if operation.startswith("Not implement") else f" for {operation}"
    return f"{location}: {place}: MindSpore has no kernel{lacking} on a {device.upper()}{instead}"
