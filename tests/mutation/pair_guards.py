"""What must be said of two models without a reference. A guard fails where the comparison says less, or too much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
from harness.subjects.pair.climbing import Climb
from harness.subjects.pair.excuses import excused
from harness.subjects.pair.losses import LOSSES, judge_losses
from harness.subjects.pair.spec import Pair

MODES = {"mindspore": "pynative", "tensorflow": "eager"}
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


def _excused(judgement: str, culprit: str, after: str) -> tuple[Verdict, list[Any]]:
    """A divergence of a model with a coarse tanh, tried again without its error; and what was asked of the model."""
    asked: list[Any] = []
    arms = [{"adapter": name, "name": name, "mode": mode} for name, mode in MODES.items()]
    words = {"loss": {"kind": "mean_squared_error"}, "optimizer": {"kind": "sgd"}}
    words |= {"schedule": {"kind": "constant", "rate": 0.1}}
    models = {name: {"builder": "m.py:f"} for name in MODES}
    pair = Pair.model_validate({"name": "p", "models": models, "batches": "b.npz", "arms": arms, **words})
    versions = {"mindspore": "2.10.0", "tensorflow": "2.21.0"}
    built = {
        name: {"environment": {"versions": versions}, "words": ["activation/tanh"], "refused": ""} for name in MODES
    }
    climb = Climb(pair, Path(), lambda task, by_arm: asked.append(by_arm) or {}, built, [])
    before = Verdict(
        rung="model", subject="s", arm_a="mindspore", arm_b="tensorflow", status="diverges", culprit=culprit,
        judgement=judgement,  # type: ignore[arg-type]
    )  # fmt: skip
    again = before.model_copy(update={"status": after})
    return excused(climb, [before], lambda exact: [again])[0], asked


def a_fault_beside_a_coarse_kernel(bench: Bench) -> None:
    """What differs without the ledger's error too is no excuse, and the model is natively computed afterwards."""
    verdict, asked = _excused("one wrong", "mindspore", "diverges")
    assert verdict.status == "diverges"
    assert asked[-1] == {"mindspore": {"words": []}}
    assert _excused("one wrong", "mindspore", "agrees")[0].status == "known"


def two_functions_beside_a_coarse_kernel(bench: Bench) -> None:
    """An inaccuracy of float32 explains no difference in float64."""
    assert _excused("undetermined", "", "agrees")[0].status == "diverges"


GUARDS: tuple[Guard, ...] = (
    a_fault_beside_a_coarse_kernel,
    two_functions_beside_a_coarse_kernel,
    one_side_numerically_off,
    two_functions,
    no_float64_on_either_side,
    curves_that_part,
    a_side_that_does_not_repeat_itself,
)
