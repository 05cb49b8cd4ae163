"""The outcome of one check, with its evidence: never a bare boolean, and never `agrees` where one side is missing."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from harness.spec.base import Spec

Status = Literal["agrees", "diverges", "known", "unsupported", "unverified", "interrupted", "crashed"]
Judgement = Literal["", "both right", "one wrong", "both wrong", "undetermined"]


class Verdict(Spec):
    """The outcome of one check of one arm, or of two.

    `worst_index`: where the error relative to its tolerance is largest. `value_a`, `value_b` and `value_reference` are
    the values at that index.
    `worst_ulp`: the error there in units in the last place of the reference's value, in the precision of the worse arm;
    a unit is never smaller than eps times the largest value. `ulp_a` and `ulp_b`: the same for each arm.
    `nearer`: the name of the arm that is nearer to the reference.
    `judgement`: which of the two arms is right by the reference. `culprit`: the names of those that are wrong.
    `tensor`: what was compared. `step`, `phase` and `layer`: its place, as far as the rung knows it. `moment`: what is
    special about that step.
    `detects`: the certificate, the smallest relative error that the check was seen to notice when injected into the
    largest element of what it compares; of several tensors, in the least sensitive one.
    `advice`: the change of a spec that makes the arms equal, where the cause is a known form.
    """

    model_config = ConfigDict(allow_inf_nan=True)

    rung: str
    subject: str
    arm_a: str
    arm_b: str = ""
    status: Status
    judgement: Judgement = ""
    culprit: str = ""
    step: int | None = None
    phase: str = ""
    layer: str = ""
    moment: str = ""
    tensor: str = ""
    worst_ulp: float | None = None
    worst_index: str = ""
    value_a: float | None = None
    value_b: float | None = None
    value_reference: float | None = None
    ulp_a: float | None = None
    ulp_b: float | None = None
    nearer: str = ""
    tolerance: float | None = None
    error_over_tolerance: float | None = None
    tolerance_source: str = ""
    detects: float | None = None
    cause: str = ""
    advice: str = ""
