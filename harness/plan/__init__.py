"""Everything random in a run, drawn once with NumPy and given to every arm as the same bytes."""

from harness.plan.plan import (
    Batch,
    Plan,
    digest_arrays,
    digest_in_precision,
    draw_augmentation,
    draw_orders,
    draw_plan,
    draw_weights,
)

__all__ = [
    "Batch",
    "Plan",
    "digest_arrays",
    "digest_in_precision",
    "draw_augmentation",
    "draw_orders",
    "draw_plan",
    "draw_weights",
]
