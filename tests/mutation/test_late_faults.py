"""Faults that begin in a later epoch of a training are noticed from its checkpoints, or from its orders as trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
from harness.rungs import convergence, evaluation, inputs, trajectory
from harness.rungs.checkpoints import checkpointed_epochs
from harness.rungs.rung import Trainings
from harness.system.array_files import PREDICTIONS, WEIGHTS, Arrays, load_arrays
from harness.worker.session import Session
from harness.worker.sharing import share
from harness.worker.training import checkpoints_file, run_training

RUNGS = (inputs, trajectory, evaluation, convergence)


def judged(name: str, folder: Path, edits: Sequence[Edit] = (), beside: bool = False) -> list[Verdict]:
    """The verdicts on a whole training of one arm of the reference, with the fault in it, rung by rung.

    `beside`: whether a second arm trains without the fault.
    """
    spec, data = experiment(name), digits()
    plan = draw_plan(spec, len(data.x_train))
    share(folder, spec, plan, data)
    context = Context(spec, plan, data, folder)
    traces, arrays = [], []
    for arm, faults in (("one", edits), ("other", ()))[: 1 + beside]:
        trace, recorded = trained(context, arm, faults)
        traces.append(trace)
        arrays.append(recorded)
    names = [trace.arm.name for trace in traces]
    trainings = Trainings(context, traces, *(dict(zip(names, kind, strict=True)) for kind in zip(*arrays, strict=True)))
    verdicts = list[Verdict]()
    for rung in RUNGS[: None if beside else -1]:
        verdicts += rung.judge_trainings(replace(trainings, verdicts=tuple(verdicts))) or ()
    return verdicts


def trained(context: Context, arm: str, edits: Sequence[Edit]) -> tuple[Trace, list[Arrays]]:
    """What an arm records: its trace; its final weights, predictions and checkpoints."""
    folder, events = context.scratch, list[dict[str, Any]]()
    with planted(edits):
        session = Session(adapters.load(ARMS[arm]), lambda event, **fields: events.append(fields))
        kept = checkpointed_epochs(context)
        done = run_training(session.at(str(folder)), session.send, str(folder), kept)
    assert kept == [0, 2, 3]
    started, _, *epochs = events
    done.pop("peak_rss_bytes")
    records = tuple(EpochRecord.model_validate(record) for record in epochs)
    trace = Trace(arm=ARMS[arm], finished=True, epochs=records, **{**started, **done})
    return trace, [load_arrays(folder / file) for file in (WEIGHTS, PREDICTIONS, checkpoints_file(arm))]


@pytest.mark.parametrize("name", ["late", "noisy", "averaged"])
def test_without_a_fault_all_agree(name: str, tmp_path: Path) -> None:
    verdicts = judged(name, tmp_path)
    assert {verdict.status for verdict in verdicts} == {"agrees"}, verdicts
    assert [verdict.rung for verdict in verdicts] == ["inputs", *["trajectory"] * 2, *["evaluation"] * 2]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("late", FAULTS, ids=lambda fault: fault.name)
def test_fault_of_a_later_epoch(late: LateFault, tmp_path: Path, tally: Tally) -> None:
    tally.planted(late.rung, late.name)
    wrong = [item for item in judged(late.experiment, tmp_path, late.edits) if item.status != "agrees"]
    first = wrong[0].rung if wrong else "none"
    culprits = {item.culprit for item in wrong}
    tally.found(late.name, noticed=bool(wrong), at_its_rung=first == late.rung, named=culprits == {"one"})
    assert first == late.rung, wrong
    assert culprits == {"one"}, wrong


def test_the_fault_is_the_cause_of_another_accuracy(tmp_path: Path) -> None:
    """Both arms score their own weights rightly; a checkpoint shows which of them was trained wrongly."""
    (late,) = (fault for fault in FAULTS if fault.name == "dropout left out")
    verdicts = judged(late.experiment, tmp_path, late.edits, beside=True)
    (verdict,) = (item for item in verdicts if item.subject == "test_accuracy")
    assert (verdict.rung, verdict.status, verdict.culprit) == ("convergence", "diverges", "one")
    assert "one is off the reference in rung trajectory, train_loss after the checkpoints of " in verdict.cause


@pytest.mark.parametrize(
    ("name", "epoch", "why"),
    [
        ("the scores of the epoch before", 2, "the reference scores another test loss from the weights of one"),
        ("the optimizer's slots lost", 3, "one is off the reference in rung trajectory, train_loss after the checkpoi"),
    ],
)
def test_the_fault_is_the_cause_of_another_test_loss(name: str, epoch: int, why: str, tmp_path: Path) -> None:
    (late,) = (fault for fault in FAULTS if fault.name == name)
    (verdict,) = (
        item
        for item in judged(late.experiment, tmp_path, late.edits, beside=True)
        if item.subject == "test_loss, epochs 0 to 4"
    )
    assert (verdict.rung, verdict.status, verdict.culprit) == ("convergence", "diverges", "one")
    assert verdict.worst_index == f"after epoch {epoch}"
    assert why in verdict.cause
