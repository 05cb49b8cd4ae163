"""The outcome of one check, with its evidence. Never a bare boolean, and a missing side is never `agrees`."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from harness.spec.base import Spec

Status = Literal["agrees", "diverges", "known", "unsupported", "unverified", "interrupted", "crashed"]
Judgement = Literal["", "both right", "one wrong", "both wrong", "undetermined"]


class Verdict(Spec):
    """`worst_index` is where the error is largest against its tolerance; the values are those at that place.

    `worst_ulp` counts units in the last place of the reference's value there, in the precision of the worse arm, and
    nowhere finer ones than those of eps times the largest value; `ulp_a` and `ulp_b` likewise, of each arm. `nearer`
    names the arm nearer to the reference.

    `judgement` says which of two arms the reference finds right, `culprit` names the wrong ones. `tensor` is what was
    compared; `step`, `phase` and `layer` say where it stands, so far as the rung knows, and `moment` what is special
    about that step.
    `detects` is the certificate: the smallest relative error that this check was seen to notice, injected into the
    largest element of what it compares; of several tensors, in the one where that takes most.
    `advice` is the change of a spec that makes the arms equal, where the cause is a known form.
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
