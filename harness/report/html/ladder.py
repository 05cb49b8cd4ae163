"""The ladder of a page: a rung for each that was climbed, with the evidence of its worst and its failed checks."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records.verdict import Verdict
from harness.report.html.blocks import CellKind, Evidence, Ladder, RungEntry
from harness.report.html.key_numbers import share_in_words
from harness.report.rows import by_rung, number, ulps
from harness.report.rung_lines import GOOD, RungLine

MOST_SHOWN = 8  # checks of a rung whose evidence stands in it; all checks are in the table of checks
# What each rung compares, in a clause.
COMPARES = {
    "self": "each arm with itself: three runs from one start",
    "schedule": "the learning rate at every step and at every boundary",
    "applied-lr": "the learning rate as it acts on the weights",
    "activation": "value and gradient over special points",
    "loss": "value and gradient, with the penalties",
    "initializer": "the distribution of the initial weights",
    "layer": "output, every gradient and the state of each layer",
    "clipping": "the clipped gradients",
    "optimizer": "1,000 updates by the same gradients",
    "inputs": "the data that each device reads",
    "model": "structure, initial weights, logits, loss, gradients",
    "step": "single steps at the reference's weights",
    "trajectory": "free runs, in the chaos envelope",
    "evaluation": "the test set, scored again",
    "convergence": "the final test accuracies",
    "expected": "the outcome that the experiment states",
    "training": "whether each training came to its end",
}


def ladder(verdicts: Sequence[Verdict]) -> Ladder | None:
    """The rungs of these verdicts, in order; None without verdicts."""
    rungs = by_rung(verdicts)
    return Ladder(tuple(rung_entry(name, of_rung) for name, of_rung in rungs.items())) if rungs else None


def rung_entry(name: str, verdicts: Sequence[Verdict]) -> RungEntry:
    """A rung, with the evidence of the checks that disagree and of the one that is nearest to its tolerance."""
    line = RungLine.of(name, verdicts)
    return RungEntry(
        name=name,
        compares=COMPARES.get(name, ""),
        status=line.status or "nothing to compare",
        checks=line.checks,
        known=line.known,
        share=line.share,
        where=line.where,
        evidence=tuple(evidence(verdict) for verdict in _notable(verdicts)),
    )


def _notable(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The checks that disagree, those that the ledger excuses, and the worst of those that agree."""
    disagreeing = [verdict for verdict in verdicts if verdict.status not in GOOD]
    known = [verdict for verdict in verdicts if verdict.status == "known"]
    agreeing = [verdict for verdict in verdicts if verdict.status == "agrees"]
    worst = sorted(agreeing, key=lambda verdict: -(verdict.error_over_tolerance or 0.0))[:1]
    return [*disagreeing[:MOST_SHOWN], *known[: MOST_SHOWN // 2], *worst]


def evidence(verdict: Verdict) -> Evidence:
    """One check with everything that its verdict holds."""
    v = verdict
    arms = " : ".join(filter(None, (v.arm_a, v.arm_b)))
    facts: list[tuple[str, str, CellKind]] = [
        ("arms", arms, "name"),
        ("wrong", v.culprit, "text"),
        ("by the reference", v.judgement, "status"),
        ("first step", number(v.step, "{:,}"), "text"),
        ("moment", v.moment, "sentence"),
        ("phase", v.phase, "text"),
        ("layer", v.layer, "name"),
        ("tensor", v.tensor, "name"),
        ("worst at", v.worst_index, "text"),
        *_values(v),
        ("worst error", _error(v), "text"),
        ("nearer", v.nearer, "text"),
        ("tolerance", number(v.tolerance, "{:.4g}"), "text"),
        ("of tolerance", "" if v.error_over_tolerance is None else share_in_words(v.error_over_tolerance), "text"),
        ("tolerance from", v.tolerance_source, "sentence"),
        ("certificate", number(v.detects, "{:.0e}"), "text"),
        ("cause", v.cause, "sentence"),
        ("advice", v.advice, "sentence"),
    ]
    return Evidence(v.subject, v.status, tuple(fact for fact in facts if fact[1]))


def _values(v: Verdict) -> list[tuple[str, str, CellKind]]:
    """Both values with their errors, and the reference's."""
    sides = [(v.arm_a, v.value_a, v.ulp_a), (v.arm_b, v.value_b, v.ulp_b)]
    rows: list[tuple[str, str, CellKind]] = [
        (arm, f"{number(value, '{:.9g}')}{'' if units is None else f' ({ulps(units)} ULP)'}", "text")
        for arm, value, units in sides
        if arm and value is not None
    ]
    if v.value_reference is not None:
        rows.append(("the reference", number(v.value_reference, "{:.17g}"), "text"))
    return rows


def _error(v: Verdict) -> str:
    return "" if v.worst_ulp is None else f"{ulps(v.worst_ulp)} ULP"
