"""What the check of a pair comes to, in one sentence, and what of it was judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.records import exit_codes, outcome
from harness.records.verdict import Verdict
from harness.rungs.coverage import JUDGED, Coverage
from harness.subjects.pair.climbing import MODEL, SELF, STEP, TRAJECTORY
from harness.subjects.pair.spec import Pair


def first_divergence(verdicts: Sequence[Verdict]) -> Verdict | None:
    return next((verdict for verdict in verdicts if verdict.status == "diverges"), None)


def in_one_sentence(
    name: str, arms: Iterable[str], verdicts: Sequence[Verdict], code: int, unfinished: outcome.Unfinished | None
) -> str:
    """The outcome; of a divergence the first, with its place and cause."""
    found = first_divergence(verdicts)
    if unfinished is not None:
        word = "INTERRUPTED" if code == exit_codes.INTERRUPTED else "UNFINISHED"
        return f"{word}: pair {name}: {unfinished.reason}"
    bad = next((v for v in verdicts if v.status in ("crashed", "unverified", "unsupported", "interrupted")), None)
    if code == exit_codes.DIVERGES and found is not None:
        # The index in a tensor that the subject names, or which of several tensors it is.
        index = found.worst_index if found.worst_index.startswith("[") else f", {found.worst_index}"
        where = f"rung {found.rung}, {found.subject}{index.removesuffix(', ')}"
        return f"DIVERGES: pair {name} diverges first at {where}: {found.cause}"
    if bad is not None:
        return f"{bad.status.upper()}: pair {name}, {bad.arm_a or bad.subject}: {bad.cause}"
    if code == exit_codes.UNVERIFIED:
        return f"UNVERIFIED: pair {name}: {outcome.NOTHING_EARNED}"
    sides = " and ".join(arms)
    climbed = ", ".join(dict.fromkeys(verdict.rung for verdict in verdicts))
    known = [verdict for verdict in verdicts if verdict.status == "known"]
    aside = f"; known: {known[0].cause}" if known else ""
    return f"AGREES: pair {name}: {sides} on {climbed}{aside}"


def coverage(pair: Pair, verdicts: Sequence[Verdict]) -> str:
    """What of the pair was judged and what was not, in words."""
    rungs = {v.rung for v in verdicts if v.status in JUDGED}
    parts = {
        SELF: f"whether each side repeats its own {pair.steps} steps",
        MODEL: "the models' outputs, loss and gradients on the first batch",
        STEP: f"loss, gradients and updates of {pair.forced_steps} teacher-forced steps",
        TRAJECTORY: f"losses of {pair.steps} free steps",
    }
    judged = [text for rung, text in parts.items() if rung in rungs]
    left = [text for rung, text in parts.items() if rung not in rungs]
    left.append("whatever the models do outside of these steps: data loading, evaluation, later training")
    return Coverage(tuple(judged), tuple(left)).in_words
