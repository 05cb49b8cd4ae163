"""Each fault of an arm is noticed, first at its rung, and the verdict names that arm."""

from __future__ import annotations

import pytest
from faults import Fault, asked_of
from group_faults import GROUPED
from joined_layer_faults import JOINED_LAYERS
from laboratory import ORDER, TIMEOUT_S, Laboratory
from layer_faults import LAYERS
from mixed_faults import MIXED
from sequence_faults import SEQUENCES
from tally import Tally
from training_faults import TRAINING
from update_faults import UPDATES
from word_faults import RATES, WORDS

FAULTS = (*RATES, *WORDS, *LAYERS, *JOINED_LAYERS, *SEQUENCES, *UPDATES, *GROUPED, *TRAINING, *MIXED)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_of_an_arm(fault: Fault, laboratory: Laboratory, tally: Tally) -> None:
    rungs = asked_of(fault, ORDER)
    tally.planted(fault.rung, fault.name)
    told = laboratory.asked_of(fault).result(TIMEOUT_S)
    judged = {
        rung: laboratory.judged(fault.experiment, fault.arm, rung, each) for rung, each in zip(rungs, told, strict=True)
    }
    found = {rung: [each for each in verdicts if each.status == "diverges"] for rung, verdicts in judged.items()}
    first = next((rung for rung in rungs if found[rung]), "none")
    culprits = {verdict.culprit for verdict in found.get(first, ())}
    tally.found(fault.name, noticed=first != "none", at_its_rung=first == fault.rung, named=culprits == {fault.arm})
    assert first == fault.rung, found
    assert culprits == {fault.arm}, found[first]


def test_the_same_arms_without_faults_agree(laboratory: Laboratory) -> None:
    """So that it is the fault which is noticed: of every fault that is tested, or of all where none is."""
    tested = [each for each in FAULTS if each.name in laboratory.faulty] or FAULTS
    asked = dict.fromkeys((each.experiment, each.arm, rung) for each in tested for rung in asked_of(each, ORDER))
    true = {key: laboratory.truth(*key) for key in asked}
    for key, answered in true.items():
        (told,) = answered.result(TIMEOUT_S)
        assert "diverges" not in {verdict.status for verdict in laboratory.judged(*key, told)}, key
