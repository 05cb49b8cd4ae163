"""Faults of the plan, of the loader and of what a worker makes of both are noticed by rung `inputs`, with the culprit.

All arms share the plan and the data: nothing that compares arms with one another would notice most of these.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import answering
import numpy as np
import pytest
from experiments import ARMS, digits, experiment
from input_faults import FAULTS, InputFault
from planting import planted
from tally import Tally

from harness.data import Dataset
from harness.data.embedded import load_mnist5k
from harness.judging.context import Answer, Context
from harness.plan import draw_plan
from harness.records.verdict import Verdict
from harness.rungs import inputs, plan_laws
from harness.spec.data import Mnist5k
from harness.spec.experiment import Experiment
from harness.worker.sharing import share

SAMPLES = 204  # of 20, a mean of what is drawn says little
EXPERIMENTS = ("mlp", "passes", "conv", "slopes", "moved", "standardised")


def many(count: int) -> Dataset:
    """Digits as those of `experiments`, more of them, and smooth: shifting noise by a pixel looks like other noise."""
    rng = np.random.default_rng(7)
    few = digits()
    x = np.clip(rng.integers(0, 200, (count, 7, 7, 1)).repeat(4, 1).repeat(4, 2) + few.x_train[:1] // 8, 0, 255)
    y = rng.integers(0, 10, count).astype(np.int32)
    return Dataset(x.astype(np.uint8), y, few.x_test, few.y_test, "noise")


@pytest.fixture(autouse=True)
def without_a_file(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up digits are in no file; those of the faults of the loader are real, and are held against theirs."""
    fault = request.node.callspec.params.get("planted_fault") if hasattr(request.node, "callspec") else None
    if fault is None or fault.culprit != "data":
        monkeypatch.setattr(plan_laws, "sets_verdicts", lambda context, data: [])


def judged(spec: Experiment, data: Dataset, folder: Path, fault: InputFault | None) -> list[Verdict]:
    """The verdicts of the rung on two arms of the reference; the fault is in what it names as the culprit."""
    edits = () if fault is None else fault.edits
    in_one = fault is not None and fault.culprit == "one"
    plan = draw_plan(spec, len(data.x_train))
    share(folder, spec, plan, data)
    context = Context(spec, plan, data, folder)
    question = [(inputs.RUNG.question.task, inputs.ask(context))]  # type: ignore[union-attr]
    answers: dict[str, Any] = {}
    for name in ("one", "other"):
        (told,) = answering.answers(ARMS[name], str(folder), edits if in_one and name == "one" else (), question)
        answers[name] = Answer(ARMS[name], *told)
    return inputs.judge_answers(context, answers)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_without_a_fault_all_agree(name: str, tmp_path: Path) -> None:
    verdicts = judged(experiment(name), many(SAMPLES), tmp_path, None)
    assert {verdict.status for verdict in verdicts} == {"agrees"}, verdicts


@pytest.mark.sampled(3)
@pytest.mark.parametrize("planted_fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_of_an_input(planted_fault: InputFault, tmp_path: Path, tally: Tally) -> None:
    tally.planted(inputs.NAME, planted_fault.name)
    if planted_fault.culprit == "data":
        with planted(planted_fault.edits):
            data = load_mnist5k(Mnist5k())
        verdicts = judged(experiment("mlp"), data, tmp_path, None)
    elif planted_fault.culprit == "plan":
        with planted(planted_fault.edits):
            verdicts = judged(experiment(planted_fault.experiment), many(SAMPLES), tmp_path, None)
    else:
        verdicts = judged(experiment(planted_fault.experiment), many(SAMPLES), tmp_path, planted_fault)
    wrong = [verdict for verdict in verdicts if verdict.status == "diverges"]
    culprits = {verdict.culprit for verdict in wrong}
    tally.found(
        planted_fault.name, noticed=bool(wrong), at_its_rung=bool(wrong), named=culprits == {planted_fault.culprit}
    )
    assert culprits == {planted_fault.culprit}, verdicts
