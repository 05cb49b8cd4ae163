"""Faults of the judge of two models without a reference, each with the guard that must then fail."""

from __future__ import annotations

import pair_guards
from judge_faults import JudgeFault

ORACLE = "harness.oracles.own_float64"

EXCUSES = "harness.subjects.pair.excuses"

FAULTS = (
    JudgeFault(
        "a fault excused because the model has a coarse kernel",
        EXCUSES,
        'before.status == "diverges" and after.status in ("agrees", "known")',
        'before.status == "diverges"',
        pair_guards.a_fault_beside_a_coarse_kernel,
    ),
    JudgeFault(
        "operations left exact after they were tried",
        EXCUSES,
        '{name: {"words": []} for name in words}',
        '{name: {"words": words[name]} for name in words}',
        pair_guards.a_fault_beside_a_coarse_kernel,
    ),
    JudgeFault(
        "two functions excused by an inaccuracy",
        EXCUSES,
        'if e.kind == "inaccurate" and accuracy)',
        'if e.kind == "inaccurate")',
        pair_guards.two_functions_beside_a_coarse_kernel,
    ),
    JudgeFault(
        "the larger error without its limit",
        ORACLE,
        "np.minimum(wide.bound, np.maximum(FACTOR * narrow.bound, remainder))",
        "wide.bound",
        pair_guards.one_side_numerically_off,
    ),
    JudgeFault(
        "a culprit of two functions",
        ORACLE,
        "if np.any(in_float64 > self.tolerances[tensor].bound):",
        "if np.all(in_float64 > np.inf):",
        pair_guards.two_functions,
    ),
    JudgeFault(
        "without float64 on either side taken on trust",
        "harness.judging.checks",
        '{**head, "status": "unverified", "cause": self.unjudged}',
        '{**head, "status": "agrees", "cause": self.unjudged}',
        pair_guards.no_float64_on_either_side,
    ),
    JudgeFault(
        "a spread without its limit",
        ORACLE,
        "spread = np.minimum(np.broadcast_to(spread, drift.shape), most)",
        "spread = np.broadcast_to(spread, drift.shape)",
        pair_guards.curves_that_part,
    ),
    JudgeFault(
        "runs that differ passed over where nothing bounds them",
        "harness.judging.repeats",
        'return Verdict(**head, status="unverified", cause=cause)',
        'return Verdict(**head, status="agrees", cause=cause)',
        pair_guards.a_side_that_does_not_repeat_itself,
    ),
)
