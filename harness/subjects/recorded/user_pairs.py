"""Two recorded checks of a user's pair, compared: an arm of the one with an arm of the other.

The losses are judged by what both sides computed in float64, as when a pair is checked. The final weights agree if they
are bit-equal or, in float64, within a strict bound; otherwise there is no verdict on them.
"""

from __future__ import annotations

from harness.composition.mistakes import UserMistake
from harness.judging.quantity import same_bits
from harness.oracles.recorded import EQUAL
from harness.records.verdict import Verdict
from harness.results.recorded import STEPS, TRACE
from harness.subjects.pair.losses import judge_losses
from harness.subjects.pair.records import read_pair, side_of
from harness.subjects.recorded.comparable import differing_specs
from harness.subjects.recorded.comparison import Compared, Comparison, Folders, general_verdicts, notes_on
from harness.subjects.recorded.judging import RECORDS, damaged_records, inputs_verdict, weights_verdicts
from harness.subjects.recorded.pairing import ArmPair, paired
from harness.subjects.recorded.reliance import failed_arms, relied_on
from harness.system.array_files import WEIGHTS

# The fields that define how a pair is trained. Its models are compared, and its batches have a digest.
PARTS = frozenset({"seed", "loss", "optimizer", "schedule", "clipping", "weight_decay", "batch_size", "steps"})
JUDGED_BY = "what each side computes in float64"
NO_REFERENCE = "a user's own models have no reference"


def compare_pairs(folders: Folders) -> Comparison:
    """The comparison of two recorded checks of a pair.

    Raises UserMistake, with every reason, if the two are of different pairs or share no arm.
    """
    a, b = read_pair(folders.a), read_pair(folders.b)
    unreadable = [str(failure) for recorded in (a, b) if recorded.pair is None for failure in recorded.run.failures]
    if a.pair is None or b.pair is None:
        raise UserMistake([f"nothing says what a pair is of: {'; '.join(unreadable)}; nothing can be judged"])
    mismatches = differing_specs(a.pair, b.pair, PARTS)
    if mismatches:
        raise UserMistake(
            [f"A ({folders.a}) and B ({folders.b}) cannot be compared: {recorded}" for recorded in mismatches]
        )
    pairs, unpaired = paired(a.run, b.run, folders.pairs)
    compared = [Compared(pair, _judged(pair)) for pair in pairs]
    notes = notes_on(a.run, b.run, unpaired)
    return Comparison(a.run, b.run, compared, general_verdicts(a.run, b.run, pairs), JUDGED_BY, notes, folders.variant)


def _judged(pair: ArmPair) -> list[Verdict]:
    """All verdicts on a pair of arms, in this order: damaged records, inputs, losses, final weights."""
    records, inputs = [*damaged_records(pair), *failed_arms(pair, RECORDS)], inputs_verdict(pair, "batches")
    if inputs.status == "diverges":
        return [*records, inputs]  # runs with different inputs are not compared
    by_file = {TRACE: [inputs], STEPS: _losses(pair), WEIGHTS: weights_verdicts(pair, NO_REFERENCE)}
    return [*records, *(relied_on(v, pair.sides, file) for file, verdicts in by_file.items() for v in verdicts)]


def _losses(pair: ArmPair) -> list[Verdict]:
    a, b = (side_of(arm) for arm in pair.sides)
    verdicts = judge_losses(a, b)
    if not same_bits(a.tensor("losses"), b.tensor("losses")):
        return verdicts
    return [v.model_copy(update={"cause": EQUAL}) if v.status == "agrees" else v for v in verdicts]
