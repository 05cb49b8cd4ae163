"""Faults in what a training records are noticed when records are compared; faults of the plan's draws, by their law."""

from __future__ import annotations

import pytest
from bench import Bench
from planting import planted
from record_faults import DRAWS, TRACES, RecordFault
from tally import Tally

from harness.records.verdict import Verdict
from harness.rungs import convergence, initializer
from harness.spec.experiment import Experiment

NORMALS = ("he_normal", "xavier_uniform", {"kind": "truncated_normal", "stddev": 0.1})


def settle(fault: RecordFault, verdicts: list[Verdict], tally: Tally) -> None:
    tally.planted(fault.rung, fault.name)
    wrong = [verdict for verdict in verdicts if verdict.status != "agrees"]
    first = wrong[0].rung if wrong else "none"
    culprits = {verdict.culprit for verdict in wrong if verdict.rung == first}
    tally.found(fault.name, noticed=bool(wrong), at_its_rung=first == fault.rung, named=culprits == {fault.culprit})
    assert first == fault.rung, wrong
    assert culprits == {fault.culprit}, wrong


@pytest.mark.sampled(3)
@pytest.mark.parametrize("recorded", TRACES, ids=lambda fault: fault.name)
def test_fault_of_a_record(recorded: RecordFault, bench: Bench, tally: Tally) -> None:
    verdicts = bench.compared(one=bench.trained("one", recorded.edits))
    settle(recorded, verdicts, tally)
    # Where the accuracies differ too, the fault is their cause.
    named = [item.culprit for item in verdicts if item.rung == convergence.NAME and item.status == "diverges"]
    assert named in ([], [recorded.culprit])


@pytest.mark.sampled(3)
@pytest.mark.parametrize("drawn", DRAWS, ids=lambda fault: fault.name)
def test_fault_of_a_draw(drawn: RecordFault, bench: Bench, tally: Tally) -> None:
    spec = bench.context.experiment.model_dump()
    for layer, kind in zip(spec["model"]["layers"][1:], NORMALS, strict=False):
        layer["kernel_initializer"] = kind
    context = bench.of(Experiment.model_validate(spec))
    assert {verdict.status for verdict in initializer.judge_answers(context, {})} == {"agrees"}
    with planted(drawn.edits):
        verdicts = initializer.judge_answers(context, {})
    settle(drawn, verdicts, tally)
