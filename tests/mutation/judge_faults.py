"""Faults of the comparison of numbers: each makes it say less than it should, and the guard that must then fail."""

from __future__ import annotations

from dataclasses import dataclass

import guards
import rung_guards
from guards import Guard
from planting import Edit

JUDGING = "harness.judging"


@dataclass(frozen=True)
class JudgeFault:
    """`guard` holds without the fault, and fails with it."""

    name: str
    module: str
    old: str
    new: str
    guard: Guard

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Edit(self.module, self.old, self.new),)


WRONG = "if np.max(each, initial=0.0) > 1]\n    each = zip"
FAULTS = (
    JudgeFault(
        "the mean for the largest error",
        f"{JUDGING}.judge",
        WRONG,
        WRONG.replace("np.max(each, initial=0.0)", "np.mean(each)"),
        guards.one_element_off,
    ),
    JudgeFault(
        "only the last step judged",
        f"{JUDGING}.judge",
        WRONG,
        WRONG.replace("np.max(each, initial=0.0)", "each.ravel()[-1]"),
        guards.one_element_off,
    ),
    JudgeFault(
        "the right arm named for the wrong one",
        f"{JUDGING}.judge",
        'culprit=", ".join(wrong),\n        worst_ulp',
        'culprit=", ".join(c.arm for c in claims if c.arm not in wrong),\n        worst_ulp',
        guards.one_element_off,
    ),
    JudgeFault(
        "relative where absolute was meant",
        f"{JUDGING}.ulp",
        "error = np.abs(values - reference)",
        "error = np.abs(values - reference) / np.maximum(np.abs(reference), 1)",
        guards.one_element_off,
    ),
    JudgeFault(
        "only what is too large counts",
        f"{JUDGING}.ulp",
        "error = np.abs(values - reference)",
        "error = np.maximum(reference - values, 0)",
        guards.one_element_off,
    ),
    JudgeFault(
        "arm against arm, without the reference",
        f"{JUDGING}.judge",
        "reference = np.asarray(reference, np.float64)\n    claims = [a]",
        "reference = np.asarray(reference if b is None else b.values, np.float64)\n    claims = [a]",
        guards.both_off_alike,
    ),
    JudgeFault(
        "NaN masked",
        f"{JUDGING}.ulp",
        "values, reference = np.asarray(values, np.float64), np.asarray(reference, np.float64)",
        "values, reference = np.nan_to_num(values), np.asarray(reference, np.float64)",
        guards.no_number,
    ),
    JudgeFault(
        "what is not finite counts as no error",
        f"{JUDGING}.ulp",
        "np.isfinite(reference), error, np.inf))",
        "np.isfinite(reference), error, 0.0))",
        guards.no_number,
    ),
    JudgeFault(
        "a bound that is no number forgives all",
        f"{JUDGING}.judge",
        "np.where(np.isnan(ratio), np.inf, ratio)",
        "np.where(np.isnan(ratio), 0.0, ratio)",
        guards.no_number,
    ),
    JudgeFault(
        "cut to the shorter of two",
        f"{JUDGING}.judge",
        "reference = np.asarray(reference, np.float64)\n    claims = [a]",
        "reference = np.asarray(reference, np.float64)[: len(a.values)]\n    claims = [a]",
        guards.another_shape,
    ),
    JudgeFault(
        "any error excused of which anything is known",
        f"{JUDGING}.judge",
        "if excuse.bound is not None and np.max(_ratio(error, excuse.bound), initial=0.0) > 1:",
        "if excuse.bound is not None and np.isnan(excuse.bound):",
        guards.excused_within_its_bound_only,
    ),
    JudgeFault(
        "one arm's excuse taken for both",
        f"{JUDGING}.judge",
        "known = bool(wrong) and all(excuses)",
        "known = bool(wrong) and any(excuses)",
        guards.excused_within_its_bound_only,
    ),
    JudgeFault(
        "a divergence outvoted by the tensors that agree",
        f"{JUDGING}.judge",
        'if verdict.status not in ("agrees", "known"):',
        'if verdict.status not in ("agrees", "known", "diverges"):',
        guards.one_tensor_of_three_off,
    ),
    JudgeFault(
        "the first tensor for all",
        f"{JUDGING}.checks",
        "worst = worst_of([check.judge(a, b) for check in own])",
        "worst = worst_of([check.judge(a, b) for check in own[:1]])",
        guards.one_tensor_of_three_off,
    ),
    JudgeFault(
        "the last tensor for all",
        f"{JUDGING}.checks",
        "worst = worst_of([check.judge(a, b) for check in own])",
        "worst = worst_of([check.judge(a, b) for check in own[-1:]])",
        guards.one_tensor_of_three_off,
    ),
    JudgeFault(
        "a certificate of the easiest tensor",
        f"{JUDGING}.checks",
        'update={"detects": max(check.detects(a, b) for check in certain)}',
        'update={"detects": min(check.detects(a, b) for check in certain)}',
        guards.certificate,
    ),
    JudgeFault(
        "a certificate that promises a hundred times too much",
        f"{JUDGING}.checks",
        "return float(2.0**high) if noticed(self, at, high) else np.inf",
        "return float(2.0**high) / 100",
        guards.certificate,
    ),
    JudgeFault(
        "a tolerance multiplied by 1000",
        f"{JUDGING}.tolerances",
        "FACTOR = 8.0",
        "FACTOR = 8000.0",
        rung_guards.rounded_as_in_tf32,
    ),
    JudgeFault(
        "a floor of 4000 ULP",
        f"{JUDGING}.tolerances",
        "FLOOR_ULP = 4.0",
        "FLOOR_ULP = 4000.0",
        rung_guards.certificates_of_the_rungs,
    ),
    JudgeFault(
        "the largest value for each one's own in a ULP",
        f"{JUDGING}.ulp",
        "return np.spacing(at).astype(np.float64)",
        "return np.spacing(np.full_like(at, 1e6)).astype(np.float64)",
        rung_guards.rounded_as_in_tf32,
    ),
    JudgeFault(
        "float64 judged as float32",
        f"{JUDGING}.tolerances",
        "return arithmetic(precision).scale",
        "return 1.0",
        guards.finer_in_float64,
    ),
    JudgeFault(
        "an envelope a hundred times too wide",
        f"{JUDGING}.tolerances",
        "bound = FACTOR * np.maximum(ahead, scale * least)",
        "bound = 1e5 * FACTOR * np.maximum(ahead, scale * least)",
        rung_guards.each_step_of_a_curve,
    ),
    JudgeFault(
        "a strict bound ten times too wide",
        f"{JUDGING}.tolerances",
        "STRICT = 1e-10",
        "STRICT = 1e-9",
        guards.strict_in_float64,
    ),
)
