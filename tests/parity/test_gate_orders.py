"""The table of gates states what the frameworks' own classes do: measured by the formulas, gate by gate."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pytest
import recurrent_classes
from recurrent_formulas import outputs

from adapters.gates import GATES, gate_layout, reordered

Ask = Callable[..., Any]
STEPS, WIDTH, UNITS = 4, 3, 5
# MindSpore's tanh in float32 is a rational approximation, off by up to 1.0e-4 (see the ledger); a few steps add up.
BOUND = 2e-3
CASES = [
    *(("mindspore", name, True) for name in GATES["mindspore"]),
    *(("tensorflow", name, True) for name in GATES["tensorflow"]),
    *(("tensorflow", name, False) for name in ("GRU", "GRUCell")),
]


def drawn(adapter: str, name: str, reset_after: bool) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    layout = gate_layout(adapter, name, reset_after)
    assert layout is not None
    rng, width = np.random.default_rng(3), len(layout.order) * UNITS
    bias = (2, width) if layout.bias in ("apart", "stacked") else (width,)
    canonical = {
        "kernel": rng.normal(size=(WIDTH, width)),
        "recurrent_kernel": rng.normal(size=(UNITS, width)),
        "bias": rng.normal(size=bias),
    }
    return rng.normal(size=(2, STEPS, WIDTH)), canonical, {"bias": rng.normal(size=width)}


@pytest.mark.parametrize(("adapter", "name", "reset_after"), CASES)
def test_a_class_computes_the_formula_in_its_order_and_in_no_other(
    request: pytest.FixtureRequest, adapter: str, name: str, reset_after: bool
) -> None:
    ask: Ask = request.getfixturevalue(f"in_{adapter}")
    x, canonical, hidden = drawn(adapter, name, reset_after)
    if adapter == "mindspore":
        found = ask(recurrent_classes.in_mindspore, name, x, canonical, hidden)
    else:
        found = ask(recurrent_classes.in_tensorflow, name, x, canonical, reset_after)
    kind = GATES[adapter][name].kind
    right = outputs(kind, x, **canonical, reset_after=reset_after)
    assert np.abs(found - right).max() < BOUND
    order = GATES[adapter][name].order
    for other in permutations(order):
        if other != order:
            mistaken = {key: reordered(value, order, other) for key, value in canonical.items()}
            assert np.abs(found - outputs(kind, x, **mistaken, reset_after=reset_after)).max() > 10 * BOUND, other
