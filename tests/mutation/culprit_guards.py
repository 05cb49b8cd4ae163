"""Where two models part, as it must be told. A guard fails where another place is blamed."""

from __future__ import annotations

import numpy as np
from bench import Bench
from drawn_calls import Side, X, matches
from guards import Guard

from harness.subjects.pair.calls import Calls
from harness.subjects.pair.causality import Culprit, culprit
from harness.subjects.pair.relations import relation

ALL = matches("fc1", "fc2", "head")


def blamed(a: Calls, b: Calls) -> Culprit | None:
    return culprit(a, b, ALL, 1e-9)


def branched(kind: str, again: bool = False, turned: bool = False, residual: bool = True) -> Calls:
    """fc1, an activation, fc2 once or twice, a residual or none, and head."""
    side = Side()
    hidden = side.op(kind, kind, side.dense("fc1", X))
    hidden = hidden[:, ::-1] if turned else hidden
    out = side.dense("fc2", hidden)
    out = side.dense("fc2", out) if again else out
    out = side.op("x + out", "add", X, out) if residual else out
    return side.end(side.dense("head", out))


def what_lies_between(bench: Bench) -> None:
    """An activation without a parameter, not the layer behind it."""
    found = blamed(branched("relu"), branched("tanh"))
    assert found is not None
    assert found.calls == ((1,), (1,))


def what_one_side_lacks(bench: Bench) -> None:
    found = blamed(branched("relu"), branched("relu", residual=False))
    assert found is not None
    assert found.calls == ((3,), ())


def calls_of_a_shared_layer(bench: Bench) -> None:
    found = blamed(branched("relu", again=True, residual=False), branched("relu", residual=False))
    assert found is not None
    assert found.calls == ((3,), ())


def equal_models(bench: Bench) -> None:
    assert blamed(branched("relu"), branched("relu")) is None


def how_tensors_are_related(bench: Bench) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4))
    assert "2 times" in relation(x, 2 * x, ("a", "b"), [], 1e-9)
    assert relation(x, np.cos(x), ("a", "b"), [], 1e-9) == ""
    assert "another order" in relation(x, x[:, ::-1], ("a", "b"), [], 1e-9)
    assert "a adds" in relation(x + 1 + x**2, x, ("a", "b"), [1 + x**2], 1e-9)


GUARDS: tuple[Guard, ...] = (
    what_lies_between,
    what_one_side_lacks,
    calls_of_a_shared_layer,
    equal_models,
    how_tensors_are_related,
)
