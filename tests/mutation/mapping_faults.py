"""Faults of the mapping of two models' parameters and of the float64 that measures them, each with its guard."""

from __future__ import annotations

import mapping_guards
from judge_faults import JudgeFault

ORACLE, PAIR = "harness.oracles.own_float64", "harness.subjects.pair"

FAULTS = (
    JudgeFault(
        "a kernel cut into parts that the other side does not have",
        f"{PAIR}.fused",
        "return more == count * wholes",
        "return more > 0",
        mapping_guards.a_fused_kernel_in_its_parts,
    ),
    JudgeFault(
        "the first part of a fused kernel for all of them",
        f"{PAIR}.fused",
        '[("blocks", len(p.shape) - 1, count, (n,))]',
        '[("blocks", len(p.shape) - 1, count, (0,))]',
        mapping_guards.a_fused_kernel_in_its_parts,
    ),
    JudgeFault(
        "a float64 of NaN taken as the measure",
        ORACLE,
        "if not np.all(np.isfinite(exact[np.isfinite(value)])):",
        "if False:",
        mapping_guards.a_float64_that_is_not_finite,
    ),
    JudgeFault(
        "a float64 distrusted because float32 is off",
        ORACLE,
        "and FACTOR * FACTOR * between < away:",
        "and between < np.inf:",
        mapping_guards.a_float64_that_is_right,
    ),
    JudgeFault(
        "the order of calls before names",
        f"{PAIR}.correspondence",
        "chosen = peers_b if named is None else named",
        "chosen = peers_b",
        mapping_guards.names_before_the_order_of_calls,
    ),
    JudgeFault(
        "gates in the order in which they lie",
        "adapters.views",
        "[parts[int(number)] for number in order]",
        "[parts[int(number)] for number in sorted(order)]",
        mapping_guards.gates_in_their_order,
    ),
    JudgeFault(
        "a frozen parameter passed over",
        f"{PAIR}.findings",
        "if match.a.trainable != match.b.trainable:",
        "if match.a.trainable and not match.b.trainable:",
        mapping_guards.a_frozen_parameter,
    ),
    JudgeFault(
        "a parameter without a partner passed over",
        f"{PAIR}.findings",
        "dict.fromkeys(p.layer for p in parameters if p.trainable)",
        "dict.fromkeys(p.layer for p in parameters if not p.trainable)",
        mapping_guards.a_parameter_without_a_partner,
    ),
    JudgeFault(
        "the rounding of a power counted in full",
        f"{PAIR}.update_errors",
        '(("beta1", 1.0), ("beta2", 0.5))',
        '(("beta1", 1.0), ("beta2", 1.0))',
        mapping_guards.rounded_coefficients,
    ),
)
