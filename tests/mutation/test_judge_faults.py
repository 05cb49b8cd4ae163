"""The comparison itself is tried: with a fault in it, the guard that stands against this very fault fails."""

from __future__ import annotations

import culprit_faults
import culprit_guards
import guards
import judge_faults
import mapping_faults
import mapping_guards
import pair_guards
import pair_judge_faults
import pytest
import rung_guards
import rung_judge_faults
import worker_guards
from bench import Bench
from guards import Guard
from judge_faults import JudgeFault
from planting import planted
from tally import Tally

WHERE = "the judge"
GUARDS = (
    *guards.GUARDS,
    *rung_guards.GUARDS,
    *worker_guards.GUARDS,
    *pair_guards.GUARDS,
    *culprit_guards.GUARDS,
    *mapping_guards.GUARDS,
)
FAULTS = (
    *judge_faults.FAULTS,
    *rung_judge_faults.FAULTS,
    *pair_judge_faults.FAULTS,
    *culprit_faults.FAULTS,
    *mapping_faults.FAULTS,
)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_guard(guard: Guard, bench: Bench) -> None:
    guard(bench)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("judged", FAULTS, ids=lambda fault: fault.name)
def test_fault_of_the_judge(judged: JudgeFault, bench: Bench, tally: Tally) -> None:
    tally.planted(WHERE, judged.name)
    with planted(judged.edits), pytest.raises(AssertionError):
        judged.guard(bench)
    tally.found(judged.name, noticed=True, at_its_rung=True, named=True)


def test_every_guard_stands_against_a_fault() -> None:
    assert {fault.guard for fault in FAULTS} == set(GUARDS)
