"""Faults of the search for the place where two models part, each with the guard that must then fail."""

from __future__ import annotations

import culprit_guards
from judge_faults import JudgeFault

SEARCH = "harness.subjects.pair.causality"

FAULTS = (
    JudgeFault(
        "the layer behind the culprit",
        SEARCH,
        "maker = None if self.shared[side].has(tensor) else flow.maker(tensor, at)",
        "maker = None",
        culprit_guards.what_lies_between,
    ),
    JudgeFault(
        "all that lies between taken for one layer",
        SEARCH,
        "_, k, m = min(common, default=(0, len(kinds_a) - 1, len(kinds_b) - 1))",
        "_, k, m = 0, 0, 0",
        culprit_guards.what_one_side_lacks,
    ),
    JudgeFault(
        "two calls of one layer taken for its partner's",
        SEARCH,
        "return self.anchors[side][number]",
        "return self.flows[side].calls.called[number].plain_kind",
        culprit_guards.calls_of_a_shared_layer,
    ),
    JudgeFault(
        "a culprit where nothing differs",
        SEARCH,
        "return any(distance(v.of(of_a), w.of(of_b)) > self.tolerance for v, w in compared)",
        "return True",
        culprit_guards.equal_models,
    ),
    JudgeFault(
        "a relation that does not hold",
        "harness.subjects.pair.relations",
        "if not factor or distance(x * factor, y) > tolerance:",
        "if not factor:",
        culprit_guards.how_tensors_are_related,
    ),
)
