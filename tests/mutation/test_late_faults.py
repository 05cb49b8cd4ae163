"""Faults that begin in a later epoch of a training are noticed from its checkpoints, or from its orders as trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from experiments import ARMS, digits, experiment
from late_faults import FAULTS, LateFault
from planting import Edit, planted
from tally import Tally

import adapters
from harness.judging.context import Context
from harness.plan import draw_plan
from harness.records.trace import EpochRecord, Trace
from harness.records.verdict import Verdict
from harness.rungs import evaluation, inputs, trajectory
from harness.rungs.checkpoints import checkpointed_epochs
from harness.rungs.rung import Trainings
from harness.system.array_files import PREDICTIONS, WEIGHTS, load_arrays
from harness.worker.session import Session
from harness.worker.sharing import share
from harness.worker.training import checkpoints_file, run_training

RUNGS = (inputs, trajectory, evaluation)


def judged(name: str, folder: Path, edits: Sequence[Edit] = ()) -> list[Verdict]:
    """The verdicts on a whole training of one arm of the reference, with the fault in it, rung by rung."""
    spec, data = experiment(name), digits()
    plan = draw_plan(spec, len(data.x_train))
    share(folder, spec, plan, data)
    context, events = Context(spec, plan, data, folder), list[dict[str, Any]]()
    with planted(edits):
        session = Session(adapters.load(ARMS["one"]), lambda event, **fields: events.append(fields))
        kept = checkpointed_epochs(context)
        done = run_training(session.at(str(folder)), session.send, str(folder), kept)
    assert kept == [0, 2, 3]
    started, _, *epochs = events
    done.pop("peak_rss_bytes")
    records = tuple(EpochRecord.model_validate(record) for record in epochs)
    trace = Trace(arm=ARMS["one"], finished=True, epochs=records, **{**started, **done})
    arrays = [load_arrays(folder / file) for file in (WEIGHTS, PREDICTIONS, checkpoints_file("one"))]
    trainings = Trainings(context, [trace], *({"one": array} for array in arrays))
    return [verdict for rung in RUNGS for verdict in rung.judge_trainings(trainings) or ()]


@pytest.mark.parametrize("name", ["late", "noisy"])
def test_without_a_fault_all_agree(name: str, tmp_path: Path) -> None:
    verdicts = judged(name, tmp_path)
    assert {verdict.status for verdict in verdicts} == {"agrees"}, verdicts
    assert [verdict.rung for verdict in verdicts] == ["inputs", *["trajectory"] * 2, *["evaluation"] * 2]


@pytest.mark.parametrize("late", FAULTS, ids=lambda fault: fault.name)
def test_fault_of_a_later_epoch(late: LateFault, tmp_path: Path, tally: Tally) -> None:
    tally.planted(late.rung, late.name)
    wrong = [item for item in judged(late.experiment, tmp_path, late.edits) if item.status != "agrees"]
    first = wrong[0].rung if wrong else "none"
    culprits = {item.culprit for item in wrong}
    tally.found(late.name, noticed=bool(wrong), at_its_rung=first == late.rung, named=culprits == {"one"})
    assert first == late.rung, wrong
    assert culprits == {"one"}, wrong
