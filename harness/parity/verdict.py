"""The outcome of one check, with its evidence. Never a bare boolean, and a missing side is never `agrees`."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from harness.spec.base import Spec

Status = Literal["agrees", "diverges", "known", "unsupported", "unverified", "interrupted", "crashed"]


class Verdict(Spec):
    """`worst_index` is where the error is largest against its tolerance; the values are those at that place.

    `worst_ulp` counts units in the last place of the reference's value there, in the precision of the worse arm, and
    nowhere finer ones than those of eps times the largest value.
    `nearer` names the arm nearer to the reference.
    """

    model_config = ConfigDict(allow_inf_nan=True)

    rung: str
    subject: str
    arm_a: str
    arm_b: str = ""
    status: Status
    worst_ulp: float | None = None
    worst_index: str = ""
    value_a: float | None = None
    value_b: float | None = None
    value_reference: float | None = None
    nearer: str = ""
    tolerance: float | None = None
    error_over_tolerance: float | None = None
    tolerance_source: str = ""
    cause: str = ""
