"""What must be said of two models without a reference. A guard fails where the comparison says less, or too much."""

from __future__ import annotations

import numpy as np
from bench import Bench
from guards import Guard

from harness.judging.checks import judge_checks
from harness.judging.repeats import RUNS, Repeats
from harness.judging.tolerances import Tolerance
from harness.oracles.oracle import Place, checks
from harness.oracles.own_float64 import OwnFloat64, Side
from harness.records.array_types import FloatArray
from harness.records.verdict import Verdict
from harness.spec.arm import Arm
from harness.subjects.pair.losses import LOSSES, judge_losses

EXACT = np.random.default_rng(0).normal(size=50)
STEPS = np.arange(20)


def side(name: str, float64: FloatArray | None, relative_error: float, tensor: str = "x") -> Side:
    arm = Arm(name=name, adapter=name, mode="eager")
    signs = np.where(np.random.default_rng(len(name)).random(50) < 0.5, -1, 1)
    exact = EXACT if float64 is None else float64
    float32 = (exact * (1 + relative_error * signs[: len(exact)])).astype(np.float32)
    return Side(arm, {tensor: float32}, None if float64 is None else {tensor: float64}, "it refuses")


def judged(a: Side, b: Side) -> Verdict:
    oracle = OwnFloat64.pooled(a, b, ["x"])
    (verdict,) = judge_checks(checks("model", oracle, oracle.sides, {"x": Place("x")}))
    return verdict


def one_side_numerically_off(bench: Bench) -> None:
    """Its own large error must not excuse it, whichever side it is."""
    for wrong in ("a", "b"):
        a, b = (side(name, EXACT, 1e-3 if name == wrong else 1e-7) for name in ("a", "b"))
        verdict = judged(a, b)
        assert (verdict.status, verdict.culprit) == ("diverges", wrong)


def two_functions(bench: Bench) -> None:
    verdict = judged(side("a", EXACT * 1.001, 1e-7), side("b", EXACT, 1e-7))
    assert (verdict.status, verdict.culprit, verdict.judgement) == ("diverges", "", "undetermined")


def no_float64_on_either_side(bench: Bench) -> None:
    assert judged(side("a", None, 1e-7), side("b", None, 1e-7)).status == "unverified"


def curves_that_part(bench: Bench) -> None:
    """By a thousand times their drift, at one step, in the middle or at the end."""
    curve = 2 - STEPS / 20
    for step in (10, 19):
        other = curve + np.where(step == STEPS, 1e-2, 0.0)
        a, b = side("a", curve, 1e-7, LOSSES), side("b", other, 1e-7, LOSSES)
        assert judge_losses(a, b)[0].status == "diverges"
        # What a side does not repeat of itself is no licence for everything.
        assert judge_losses(a, b, spread=np.ones(len(STEPS)))[0].status == "diverges"


def a_side_that_does_not_repeat_itself(bench: Bench) -> None:
    losses = 2 - STEPS / 20
    arrays = {f"{run}/losses": losses + (1e-2 if run == RUNS[-1] else 0.0) for run in RUNS}
    arrays |= {f"{run}/digests": np.zeros(1) for run in RUNS}
    repeats = Repeats(Arm(name="a", adapter="a", mode="eager"), arrays.__getitem__, len(STEPS))
    assert repeats.judge(lambda: Tolerance(np.full(len(STEPS), 1e-5), "stated")).status == "diverges"
    assert repeats.judge(lambda: None).status == "unverified"


GUARDS: tuple[Guard, ...] = (
    one_side_numerically_off,
    two_functions,
    no_float64_on_either_side,
    curves_that_part,
    a_side_that_does_not_repeat_itself,
)
