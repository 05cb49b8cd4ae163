"""The outcome of a pair's check in one sentence, and what of the pair was judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.records import exit_codes, outcome
from harness.records.verdict import Verdict
from harness.rungs.coverage import JUDGED, Coverage
from harness.subjects.pair.climbing import LOSS, MODEL, OPTIMIZER, SCHEDULE, SELF, STEP, TRAJECTORY
from harness.subjects.pair.spec import FAMILY_RUNGS, Pair


def in_one_sentence(
    name: str, arms: Iterable[str], verdicts: Sequence[Verdict], code: int, unfinished: outcome.Unfinished | None
) -> str:
    """The outcome in one sentence. Of several divergences it names the first, with its place and cause."""
    divergence = outcome.first_divergence(verdicts)
    if unfinished is not None:
        word = "INTERRUPTED" if code == exit_codes.INTERRUPTED else "UNFINISHED"
        return f"{word}: pair {name}: {unfinished.reason}"
    failed = next((v for v in verdicts if v.status in ("crashed", "unverified", "unsupported", "interrupted")), None)
    if code == exit_codes.DIVERGES and divergence is not None:
        # `worst_index` is the index in the subject's tensor or, where the subject has several, the tensor's name.
        index = divergence.worst_index if divergence.worst_index.startswith("[") else f", {divergence.worst_index}"
        where = f"rung {divergence.rung}, {divergence.subject}{index.removesuffix(', ')}"
        return f"DIVERGES: pair {name} diverges first at {where}: {divergence.cause}"
    if failed is not None:
        return f"{failed.status.upper()}: pair {name}, {failed.arm_a or failed.subject}: {failed.cause}"
    if code == exit_codes.UNVERIFIED:
        return f"UNVERIFIED: pair {name}: {outcome.NOTHING_EARNED}"
    sides = " and ".join(arms)
    climbed = ", ".join(dict.fromkeys(verdict.rung for verdict in verdicts))
    known = [verdict for verdict in verdicts if verdict.status == "known"]
    known_note = f"; known: {known[0].cause}" if known else ""
    return f"AGREES: pair {name}: {sides} on {climbed}{known_note}"


def coverage(pair: Pair, verdicts: Sequence[Verdict]) -> str:
    """What of the pair was judged and what was not, in words."""
    rungs = {v.rung for v in verdicts if v.status in JUDGED}
    parts = {
        SCHEDULE: f"the rates of {pair.steps} steps",
        LOSS: "the losses and their gradients by the outputs of the first batches",
        OPTIMIZER: f"{pair.steps} updates by the same gradients",
        SELF: f"whether each side repeats its own {pair.steps} steps",
        MODEL: "the models' outputs, loss and gradients on the first batch",
        STEP: f"loss, gradients and updates of {pair.forced_steps} teacher-forced steps",
        TRAJECTORY: f"losses of {pair.steps} free steps",
    }
    judged = [text for rung, text in parts.items() if rung in rungs]
    asked = {rung for rung in parts if rung not in FAMILY_RUNGS or pair.own.of(FAMILY_RUNGS[rung])}
    not_judged = [text for rung, text in parts.items() if rung not in rungs and rung in asked]
    not_judged.append("whatever the models do outside of these steps: data loading, evaluation, later training")
    return Coverage(tuple(judged), tuple(not_judged)).in_words
